/** A definition that Step Functions would refuse, or that asks for something this interpreter does not have. */
export class InvalidDefinition extends Error {
  override readonly name = 'InvalidDefinition';
}
