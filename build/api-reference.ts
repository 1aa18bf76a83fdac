import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type ClassDeclaration,
  type FunctionDeclaration,
  type InterfaceDeclaration,
  type JSDocableNode,
  type MethodDeclaration,
  Node,
  Project,
  SyntaxKind,
  type TypeAliasDeclaration,
  type VariableDeclaration,
} from 'ts-morph';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Exports {
  readonly [path: string]: string | { readonly import: { readonly types: string } };
}

/** The exports of the package as Markdown, from the types and their comments. */
export function apiReference(): string {
  const project = new Project({ compilerOptions: { noResolve: true, allowImportingTsExtensions: true } });
  project.addSourceFilesAtPaths([`${root}infra/*.ts`, `${root}inbox/**/*.ts`, `${root}outbox/*.ts`]);
  const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    readonly name: string;
    readonly exports: Exports;
  };
  const modules = Object.entries(exports).flatMap(([path, target]) => {
    const source = typeof target === 'string' ? undefined : sourceOf(target.import.types);
    if (source === undefined) return [];
    const declarations = project.getSourceFileOrThrow(`${root}${source}`).getExportedDeclarations();
    const declared = [...declarations.values()].flatMap(([declaration]) => declaration ?? []);
    const inOrder = declared.toSorted((one, other) => rank(one) - rank(other));
    return [`## ${name}${path.slice(1)}\n`, ...inOrder.map(section)];
  });
  return [
    `# API\n\n_Made from the types by \`npm run docs:generate\`; edit their comments._\n`,
    ...modules,
  ].join('\n');
}

function sourceOf(types: string): string {
  return types.replace('./dist/package/types/esm/', '').replace(/\.d\.ts$/, '.ts');
}

/** Sorts what an application calls before the types of its parameters. */
function rank(declaration: Node): number {
  return Node.isClassDeclaration(declaration) || Node.isFunctionDeclaration(declaration) ? 0 : 1;
}

function section(declaration: Node): string {
  if (Node.isClassDeclaration(declaration)) return classSection(declaration);
  if (Node.isInterfaceDeclaration(declaration)) return interfaceSection(declaration);
  if (Node.isTypeAliasDeclaration(declaration)) return aliasSection(declaration);
  if (Node.isFunctionDeclaration(declaration)) return functionSection(declaration);
  if (Node.isVariableDeclaration(declaration)) return variableSection(declaration);
  throw new Error(`the API has a ${declaration.getKindName()}: teach build/api-reference.ts to describe it`);
}

function classSection(declaration: ClassDeclaration): string {
  const [constructed] = declaration.getConstructors();
  const parameters = constructed?.getParameters().map((parameter) => parameter.getText()) ?? [];
  const properties = [...declaration.getProperties(), ...declaration.getGetAccessors()]
    .filter((property) => !property.getName().startsWith('#'))
    .map((property) => [code(property.getName()), code(typeOf(property)), inCell(property)]);
  const methods = declaration
    .getMethods()
    .filter((method) => !method.getName().startsWith('#'))
    .map((method) => [code(signature(method)), inCell(method)]);
  return [
    heading(declaration.getName() ?? ''),
    text(declaration),
    ...(constructed === undefined ? [] : [fenced(`new ${declaration.getName()}(${parameters.join(', ')})`)]),
    table(['property', 'type', ''], properties),
    ...(methods.length === 0 ? [] : [table(['method', ''], methods)]),
  ].join('\n');
}

function interfaceSection(declaration: InterfaceDeclaration): string {
  const rows = declaration.getProperties().map((property) => {
    const name = `${property.getName()}${property.hasQuestionToken() ? '?' : ''}`;
    return [code(name), code(typeOf(property)), inCell(property), defaultOf(property)];
  });
  const methods = declaration.getMethods().map((method) => fenced(method.getText().replace(/;$/, '')));
  const bases = declaration
    .getExtends()
    .map((base) => `All of [${base.getText()}](#${base.getText().toLowerCase()}), and:\n`);
  return [
    heading(declaration.getName()),
    text(declaration),
    ...bases,
    ...methods,
    ...(rows.length === 0 ? [] : [table(['', 'type', '', 'default'], rows)]),
  ].join('\n');
}

function aliasSection(declaration: TypeAliasDeclaration): string {
  const definition = declaration.getTypeNodeOrThrow();
  const object = definition.getFirstDescendantByKind(SyntaxKind.TypeQuery)?.getExprName();
  const literal = object
    ?.getSymbol()
    ?.getValueDeclaration()
    ?.getFirstDescendantByKind(SyntaxKind.ObjectLiteralExpression);
  const described = literal
    ?.getProperties()
    .filter(Node.isPropertyAssignment)
    .map((property) => [
      code(`'${property.getName()}'`),
      property
        .getLeadingCommentRanges()
        .map((range) => oneLine(range.getText().replace(/^\/\*\*|^ *\*(?!\/)|\*\/$/gm, '')))
        .join(' '),
    ]);
  const body = described === undefined ? fenced(definition.getText()) : table(['one of', ''], described);
  return [heading(declaration.getName()), text(declaration), body].join('\n');
}

function functionSection(declaration: FunctionDeclaration): string {
  return [heading(`${declaration.getName()}()`), text(declaration), fenced(signature(declaration))].join(
    '\n',
  );
}

function variableSection(declaration: VariableDeclaration): string {
  return [heading(declaration.getName()), text(declaration.getVariableStatementOrThrow())].join('\n');
}

function signature(declaration: FunctionDeclaration | MethodDeclaration): string {
  const parameters = declaration.getParameters().map((parameter) => {
    const name =
      parameter.getNameNode().getKind() === SyntaxKind.Identifier ? parameter.getName() : 'options';
    return `${name}${parameter.isOptional() ? '?' : ''}: ${typeOf(parameter)}`;
  });
  return `${declaration.getName()}(${parameters.join(', ')}): ${declaration.getReturnTypeNode()?.getText() ?? 'void'}`;
}

function typeOf(node: {
  getTypeNode?(): Node | undefined;
  getReturnTypeNode?(): Node | undefined;
  getInitializer?(): Node | undefined;
}): string {
  const type = node.getTypeNode?.() ?? node.getReturnTypeNode?.() ?? node.getInitializer?.();
  return oneLine(type?.getText() ?? '');
}

function text(node: JSDocableNode): string {
  const description = node
    .getJsDocs()
    .map((doc) => doc.getDescription().trim())
    .join('\n\n');
  return description === '' ? '' : `${description.replace(/\{@link (\w+)\}/g, '`$1`')}\n`;
}

function inCell(node: JSDocableNode): string {
  return oneLine(text(node)).replaceAll('|', '\\|');
}

function defaultOf(node: JSDocableNode): string {
  const tags = node.getJsDocs().flatMap((doc) => doc.getTags());
  return oneLine(tags.find((tag) => tag.getTagName() === 'default')?.getCommentText() ?? '');
}

const heading = (name: string) => `### ${name}\n`;
const fenced = (source: string) => `\`\`\`ts\n${source}\n\`\`\`\n`;
const code = (source: string) => `\`${source.replaceAll('|', '\\|')}\``;
const oneLine = (source: string) => source.replace(/\s+/g, ' ').trim();

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}
