import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import licenses from 'spdx-license-list/full.js';

/** A package whose code is part of a bundle. */
export interface BundledPackage {
  /** Name and version, e.g. `zod@4.6.7`. */
  readonly id: string;
  /** SPDX identifier. */
  readonly license: string;
  readonly text: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly author?: string | { readonly name: string };
}

/** The packages whose code is in the bundles, sorted by name. */
export function bundledPackages(metafiles: readonly Metafile[]): BundledPackage[] {
  const inputs = metafiles.flatMap(({ outputs }) => Object.values(outputs).map((output) => output.inputs));
  const files = inputs.flatMap((input) =>
    Object.entries(input).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const folders = new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]));
  const packages = [...folders].flatMap((folder) => (folder === undefined ? [] : [packageIn(folder)]));
  // The same version may be installed in several places.
  const byId = new Map(packages.map((bundled) => [bundled.id, bundled]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The notices that the licences require: names, versions and licences, each text once. */
export function thirdPartyNotices(packages: readonly BundledPackage[]): string {
  const sections = [...new Set(packages.map(({ text }) => text))].map((text) => {
    const under = packages.filter((bundled) => bundled.text === text);
    return `${under.map(({ id, license }) => `${id} (${license})`).join('\n')}\n\n${text}\n`;
  });
  return ['The bundles of this package contain code of the packages below.\n', ...sections].join(
    `\n${'-'.repeat(80)}\n\n`,
  );
}

function packageIn(folder: string): BundledPackage {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const { name, version, license } = manifest;
  const text = [licenseFile(folder) ?? standardText(manifest), ...furtherNotices(folder)].join('\n\n');
  return { id: `${name}@${version}`, license, text };
}

/** What the Apache License wants passed on, and the licences of code and fonts that a package holds of others. */
function furtherNotices(folder: string): string[] {
  return readdirSync(folder)
    .filter((entry) => /^(notice|third-party-licenses)(\.|$)/i.test(entry))
    .map((entry) => readFileSync(join(folder, entry), 'utf8').trim());
}

function licenseFile(folder: string): string | undefined {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return file === undefined ? undefined : readFileSync(join(folder, file), 'utf8').trim();
}

/** For a package without a licence file: the standard text with its author as the copyright holder. */
function standardText({ name, license, author }: Manifest): string {
  const standard = licenses[license];
  if (standard === undefined)
    throw new Error(`${name} has no licence file, and SPDX does not know its license "${license}"`);
  const holder = typeof author === 'string' ? author : author?.name;
  return standard.licenseText
    .replace(/<year> (?=<copyright)/i, '')
    .replace(/<copyright holders?>/i, holder ?? `the authors of ${name}`)
    .trim();
}
