import { SharedQuestion } from './shared-question';

it('gives those who come while an answer is on its way the next one, together', async () => {
  const answers: { resolve: (answer: number) => void; reject: (error: Error) => void }[] = [];
  const question = new SharedQuestion(
    () => new Promise<number>((resolve, reject) => answers.push({ resolve, reject })),
  );
  const first = question.ask();
  const [second, third] = [question.ask(), question.ask()];
  expect(answers).toHaveLength(1);
  answers[0]!.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await new Promise(setImmediate);
  expect(answers).toHaveLength(2);
  answers[1]!.resolve(2);
  expect([await second, await third]).toEqual([2, 2]);
  void question.ask();
  expect(answers).toHaveLength(3);
});
