type Properties = Record<string, unknown>;
interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties?: Properties }>;
}
interface Policy {
  readonly PolicyDocument: { Statement: { Action: string | string[] }[] };
  readonly Roles?: readonly { readonly Ref?: string }[];
}

/** A copy of a template in which no role, or not the role of one function, is granted the action. */
export function revokeGrant(templateText: string, action: string, functionName?: string): string {
  const template = JSON.parse(templateText) as Template;
  let revoked = 0;
  for (const { PolicyDocument } of policiesOf(template, functionName && roleOf(template, functionName))) {
    PolicyDocument.Statement = PolicyDocument.Statement.flatMap((statement) => {
      const actions = [statement.Action].flat();
      const others = actions.filter((granted) => granted !== action);
      revoked += actions.length - others.length;
      return others.length === 0 ? [] : [{ ...statement, Action: others }];
    });
  }
  if (revoked === 0) throw new Error(`nothing grants ${action} to ${functionName ?? 'anybody'} by its name`);
  return JSON.stringify(template);
}

function policiesOf({ Resources }: Template, role: string | undefined): readonly Policy[] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const policy = Properties as unknown as Policy;
    const attached = role === undefined || policy.Roles?.some(({ Ref }) => Ref === role);
    if (Type === 'AWS::IAM::Policy') return attached ? [policy] : [];
    if (Type !== 'AWS::IAM::Role' || (role !== undefined && id !== role)) return [];
    return (Properties['Policies'] ?? []) as Policy[];
  });
}

function roleOf({ Resources }: Template, functionName: string): string {
  const found = Object.values(Resources).find(
    ({ Properties }) => Properties?.['FunctionName'] === functionName,
  );
  const [role] =
    (found?.Properties?.['Role'] as { 'Fn::GetAtt'?: string[] } | undefined)?.['Fn::GetAtt'] ?? [];
  if (role === undefined)
    throw new Error(`the template has no function ${functionName} with a role of its own`);
  return role;
}
