// The key by which a Wix cancel finds its activations.

export const ACTIVATION_KIND = 'automations.activation'

/**
 * The key of every activation that shares (app, site, trigger key, external entity id). App and site are GUIDs of
 * this server and the entity is a GUID. So two different pairs never share a key, whatever characters a trigger key has.
 */
export function activationKey(of: {
  readonly appId: string
  readonly site: string
  readonly triggerKey: string
  readonly externalEntityId: string
}): string {
  return `wix:${of.appId}:${of.site}:${of.triggerKey}:${of.externalEntityId.toLowerCase()}`
}
