/** Lambda gives a function the credentials of its role; here they tell whose call it is. */
export function accessKeyId({ key }: { readonly key: string }): string {
  return `function-${key}`;
}
