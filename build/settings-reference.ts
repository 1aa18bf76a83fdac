import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type InterfaceDeclaration, Project } from 'ts-morph';
import { contextKeys } from '../infra/config.ts';
import {
  durationUnit,
  numberName,
  type Setting,
  type SettingName,
  settingNames,
  settings,
} from '../infra/settings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The numeric props of the construct from infra/settings.ts, as TypeScript with comments. */
export function processorSettings(): string {
  const props = settingNames.map((name) => {
    const { meaning, see }: Setting = settings[name];
    const type = durationUnit(name) === undefined ? 'number' : 'Duration';
    const lines = [
      ...wrapped(`${meaning} ${range(name)}.`),
      `@default ${defaultOf(name)}`,
      ...(see === undefined ? [] : [`@see ${see}`]),
    ];
    return `  /**\n${lines.map((line) => `   * ${line}\n`).join('')}   */\n  readonly ${name}?: ${type};\n`;
  });
  return `import type { Duration } from 'aws-cdk-lib';

// Made from settings.ts by \`npm run docs:generate\`.

/** What a run may take, how failed events come back, and how long processed ones are kept. */
export interface ProcessorSettings {
${props.join('')}}
`;
}

const START = '<!-- Made from infra/ by npm run docs:generate. -->\n\n';
const END = '\n<!-- The end of what is made. -->';

/** Replaces the table of context keys in a page with that of the settings. */
export function withContextTable(page: string): string {
  const start = page.indexOf(START);
  const end = page.indexOf(END);
  if (start < 0 || end < start) throw new Error(`the page has no place for the settings: ${START.trim()}`);
  return page.slice(0, start + START.length) + contextTable() + page.slice(end);
}

function contextTable(): string {
  const inCdkJson = (
    JSON.parse(readFileSync(`${root}cdk.json`, 'utf8')) as { context: Record<string, unknown> }
  ).context;
  const ofNumber = new Map(settingNames.map((name) => [`outbox:${numberName(name)}`, name]));
  const interfaces = propInterfaces();
  const rows = contextKeys.map((key) => {
    const name = ofNumber.get(key);
    const [meaning, usual] =
      name === undefined
        ? ofProp(key.slice('outbox:'.length), interfaces)
        : [settings[name].meaning, `${settings[name].default}`];
    const here = inCdkJson[key] === undefined ? '' : `; \`${inCdkJson[key]}\` in \`cdk.json\``;
    const allowed = name === undefined ? '' : range(name);
    return [`\`${key}\``, firstSentence(meaning), allowed, usual + here];
  });
  const lines = [['context key', '', 'allowed', 'default'], ['---', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** The interfaces of the props that are not numbers. */
function propInterfaces(): readonly InterfaceDeclaration[] {
  const project = new Project({ compilerOptions: { noResolve: true, allowImportingTsExtensions: true } });
  const of = (file: string, name: string) =>
    project.addSourceFileAtPath(`${root}infra/${file}`).getInterfaceOrThrow(name);
  return [of('outbox-processor-props.ts', 'OutboxProcessorProps'), of('database.ts', 'NewClusterProps')];
}

/** Meaning and default of a prop that is not a number, from its comment. */
function ofProp(key: string, interfaces: readonly InterfaceDeclaration[]): [meaning: string, usual: string] {
  const prop = key === 'alarmTopicArn' ? 'alarmActions' : key.replace(/(Arn|Days)$/, '');
  const [doc] = interfaces.flatMap((each) => each.getProperty(prop)?.getJsDocs() ?? []);
  const usual = doc
    ?.getTags()
    .find((tag) => tag.getTagName() === 'default')
    ?.getCommentText();
  if (doc === undefined || usual === undefined) throw new Error(`the prop of outbox:${key} has no comment`);
  return [doc.getDescription(), usual];
}

function range(name: SettingName): string {
  const { min, max, unit } = settings[name];
  return `${min.toLocaleString('en')} to ${max.toLocaleString('en')} ${unit}`;
}

function defaultOf(name: SettingName): string {
  const { default: usual, unit }: Setting = settings[name];
  if (typeof usual === 'string' || durationUnit(name) === undefined) return String(usual);
  return `${usual} ${usual === 1 ? unit.replace(/s$/, '') : unit}`;
}

function firstSentence(text: string): string {
  const line = text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/\{@link (\w+)\}/g, '`$1`');
  return (/^.*?\.(?= [A-Z]|$)/.exec(line)?.[0] ?? line).replaceAll('|', '\\|');
}

/** Breaks the text into lines for the comment of a property. */
function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length > 105) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines;
}
