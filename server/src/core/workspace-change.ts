// One difference between the workspace file and what is stored. A room reports with it what applying the file changes.

export type WorkspaceChange = {
  readonly is: 'added' | 'changed' | 'removed'
  /** The position in the file, for example `automations.<app>.<name>`. */
  readonly at: string
  readonly detail?: string
}
