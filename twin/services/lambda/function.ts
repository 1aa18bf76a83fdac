/** A function of the template, with its variables resolved. */
export interface FunctionResource {
  /** The handler's name, e.g. `fetch-batch`. */
  readonly key: string;
  readonly functionName: string;
  readonly arn: string;
  readonly codeFolder: string;
  /** `index.handler` */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly roleArn: string;
}

/** Where the functions' output goes. */
export interface Output {
  write(text: string | Uint8Array): void;
}

/** Lambda gives a function the credentials of its role; here they tell whose call it is. */
export function accessKeyId({ key }: FunctionResource): string {
  return `function-${key}`;
}
