// Reads what a source file imports: `import … from`, `export … from`, `import()`, side-effect imports. Comments and
// strings are skipped by a small scanner, so that a comment about an import is none.

export function importsOf(source: string): string[] {
  const found: string[] = []
  const code = withoutComments(source)
  const pattern =
    /(?:^|[\s;}])(?:import|export)\s*(?:type\s+)?(?:[\w*{}\s,$]*?\sfrom\s*)?(['"])([^'"\n]+)\1|\bimport\(\s*(['"])([^'"\n]+)\3/g
  for (const match of code.matchAll(pattern)) found.push(match[2] ?? match[4]!)
  return found
}

/** The same text with comments blanked; strings stay, template literals are emptied. */
function withoutComments(source: string): string {
  return source.replace(
    /(["'])(?:\\.|(?!\1)[^\\\n])*\1|`(?:\\.|[^\\`])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    token => (token.startsWith('"') || token.startsWith("'") ? token : token.startsWith('`') ? '``' : ' '),
  )
}
