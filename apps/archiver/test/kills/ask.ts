/** Asks the API of a project for a path. @throws when the answer is not 200. */
export type AskText = (path: string) => Promise<string>;

export function askingForText(url: string, key: string): AskText {
  return async (path) => {
    const answer = await fetch(url + path, { headers: { 'X-API-Key': key } });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path} is answered ${answer.status}: ${text}`);
    return text;
  };
}
