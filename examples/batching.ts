import { Matrix, open } from "aikoryu";

await using gpu = await open();

const users = 200;
using model = Matrix.from(Array.from({ length: 8 }, (_, row) => [row, 8 - row]));

/** What a server does for one request, not knowing of the others. */
async function score(user: number): Promise<{ best: number; together: number }> {
  using taste = Matrix.from([Array.from({ length: 8 }, (_, at) => (at === user % 8 ? 1 : 0))]);
  using scores = await gpu.matrix.multiply(taste, model, { report: true, batch: { caller: `user ${user}` } });
  const [likes = 0, dislikes = 0] = await scores.read();
  return { best: likes > dislikes ? 0 : 1, together: scores.report?.batch?.size ?? 1 };
}

const answers = await Promise.all(Array.from({ length: users }, (_, user) => score(user)));
console.log(
  `the first answers: ${answers
    .slice(0, 8)
    .map(({ best }) => best)
    .join(" ")}`,
);
console.log(`${answers[users - 1]?.together} of ${users} requests were one product`);
