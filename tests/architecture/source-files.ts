// The files of the project that are under its laws.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export type SourceFile = { readonly path: string; readonly text: string }

/** Every file below `folder` (from the root) whose name ends so; paths from the root, with forward slashes. */
export function filesBelow(folder: string, endings: readonly string[]): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && endings.some(ending => entry.name.endsWith(ending)))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !file.includes(`${sep}node_modules${sep}`))
    .map(file => ({ path: relative(ROOT, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }))
    .sort((a, b) => a.path.localeCompare(b.path))
}

/** These files, by their paths from the root. */
export function filesNamed(paths: readonly string[]): SourceFile[] {
  return paths.map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}
