// Results and errors in the shapes of the documentation, which existing clients read.

export type CifOutcome = { readonly actionName: string; readonly responseReason: string }

/**
 * A plain object whose JSON is exactly the documented sample. `actionName` and `responseReason` can be read from it too,
 * and its text is the inner JSON, since clients in the field call JSON.parse(result).
 */
export function notifyResult({ actionName, responseReason }: CifOutcome): object {
  const inner = { actionName, responseReason }
  return Object.defineProperties(
    { value: inner },
    {
      actionName: { value: actionName },
      responseReason: { value: responseReason },
      toString: { value: () => JSON.stringify(inner) },
    },
  )
}

/** `message` is the documented code, `name` the method's; `detail` says it for people. Its text and JSON are both. */
export function cifError(name: string, message: string, detail: string): Error {
  const asDocumented = { message, msdyn_name: name }
  return Object.defineProperties(new Error(message), {
    msdyn_name: { value: name, enumerable: true },
    detail: { value: detail },
    toJSON: { value: () => asDocumented },
    toString: { value: () => JSON.stringify(asDocumented) },
  })
}

export const CLIENT_ERROR = 'RejectAfterClientError'
export const NOT_SUPPORTED = 'NotSupported'
