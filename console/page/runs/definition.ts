/** The parts of the Amazon States Language that a graph shows. */
export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Next?: string }[];
  readonly Catch?: readonly { readonly Next: string }[];
  readonly ItemProcessor?: Definition;
}

export function findState({ States }: Definition, name: string): State | undefined {
  const inner = Object.values(States).flatMap(({ ItemProcessor }) => ItemProcessor ?? []);
  return States[name] ?? inner.map((processor) => findState(processor, name)).find(Boolean);
}
