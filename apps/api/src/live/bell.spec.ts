import { Bell } from './bell';

it('wakes who listens, and who listens next when nobody did', async () => {
  const bell = new Bell();
  const heard: string[] = [];
  const listening = bell.heard().then(() => heard.push('first'));
  bell.ring();
  await listening;
  bell.ring();
  bell.ring();
  await bell.heard();
  const third = bell.heard().then(() => heard.push('third'));
  await Promise.resolve();
  expect(heard).toEqual(['first']);
  bell.ring();
  await third;
  expect(heard).toEqual(['first', 'third']);
});
