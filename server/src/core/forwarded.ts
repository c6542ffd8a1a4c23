// Whether a request came through an intermediary: a proxy, a tunnel, a CDN. The headers that these add are defined in RFC 7239, in
// RFC 9110 (Via), and by the vendors. No browser, and no program on this machine itself, sends any of them.

const FORWARDING =
  /^(forwarded|via|x-forwarded(-.+)?|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-(forwarded-for|host|url|uri)|x-proxyuser-ip|x-envoy-.+|x-azure-.+|x-arr-.+|true-client-ip|client-ip|cf-.+|cdn-loop|fastly-.+|fly-.+|x-amz-cf-id|x-amzn-trace-id|x-appengine-.+|tailscale-.+|x-vercel-.+|ngrok-.+)$/i

export function isForwarded(headers: { readonly [name: string]: unknown }): boolean {
  return Object.keys(headers).some(name => FORWARDING.test(name))
}
