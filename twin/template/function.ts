import type { Template } from './intrinsics.ts';

/** A function of the template, with its variables resolved. */
export interface FunctionResource {
  /** The function's name without the stack's. */
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

/** A function without a name is CDK's own, for the deployment. */
export function readFunctions(
  { ofType, text, texts }: Template,
  stackName: string,
  codeFolder: (code: unknown) => string,
): readonly FunctionResource[] {
  return ofType('AWS::Lambda::Function')
    .filter(({ properties }) => properties['FunctionName'] !== undefined)
    .map(({ ref, arn, properties }) => ({
      key: ref.startsWith(`${stackName}-`) ? ref.slice(stackName.length + 1) : ref,
      functionName: ref,
      arn,
      codeFolder: codeFolder(properties['Code']),
      handler: text(properties['Handler']),
      timeoutSeconds: Number(properties['Timeout'] ?? 3),
      memoryMiB: Number(properties['MemorySize'] ?? 128),
      environment: texts((properties['Environment'] as { Variables?: unknown } | undefined)?.Variables),
      roleArn: text(properties['Role']),
    }));
}
