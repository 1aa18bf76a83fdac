import type { Template } from './intrinsics.ts';

export interface StackResource {
  readonly name: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The template's `Outputs`, as the file has them. */
export type Outputs = Readonly<Record<string, { readonly Value: unknown }>>;

export function readStack({ text }: Template, name: string, outputs: Outputs): StackResource {
  const values = Object.entries(outputs).map(([key, { Value }]) => [key, text(Value)]);
  return { name, outputs: Object.fromEntries(values) };
}
