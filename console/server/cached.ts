/** Asks again only when the last answer is older; callers at the same time share one question. A failure is not kept. */
export function cached<T>(freshMs: number, ask: () => Promise<T>, now = Date.now): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    if (answer === undefined || now() - askedAt > freshMs) {
      askedAt = now();
      const asked = ask();
      answer = asked;
      asked.catch(() => {
        if (answer === asked) answer = undefined;
      });
    }
    return answer;
  };
}
