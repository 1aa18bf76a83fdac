import type { makers } from './shared-server.ts';

/**
 * Something that many test files need and none of them changes. It is made once in a run of Jest, when the first file
 * asks for it. `shared-server.ts` says what each of them is.
 */
export async function shared(name: keyof typeof makers): Promise<string> {
  const response = await fetch(`${process.env['TEST_SHARED_URL']}/${name}`);
  const answer = await response.text();
  if (!response.ok) throw new Error(`"${name}", which the test files share, could not be made: ${answer}`);
  return answer;
}
