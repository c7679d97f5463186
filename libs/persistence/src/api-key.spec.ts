import { hashApiKeySecret, mintApiKey, readApiKey } from './api-key';

describe('an API key', () => {
  it('reads back as the parts it was made of', () => {
    const key = mintApiKey();
    expect(readApiKey(key.text)).toEqual({ id: key.id, secret: key.secret });
  });

  it('is no key when one character is mistyped', () => {
    const { text } = mintApiKey();
    const wrong = Array.from(
      text,
      (character, index) => text.slice(0, index) + (character === 'a' ? 'b' : 'a') + text.slice(index + 1),
    );
    expect(wrong.filter((candidate) => readApiKey(candidate) !== undefined)).toEqual([]);
  });

  it.each(['', 'mr_', 'mr_a_b_c', ` ${mintApiKey().text}`, `${mintApiKey().text}\n`])('is not %j', (text) => {
    expect(readApiKey(text)).toBeUndefined();
  });

  it('is stored as a hash that depends on the pepper', () => {
    expect(hashApiKeySecret('s', 'a')).toHaveLength(32);
    expect(hashApiKeySecret('s', 'a')).toEqual(hashApiKeySecret('s', 'a'));
    expect(hashApiKeySecret('s', 'a')).not.toEqual(hashApiKeySecret('s', 'b'));
  });
});
