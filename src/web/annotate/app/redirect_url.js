/**
 * Where an annotator's page has gone to, as this browser can reach it.
 *
 * A daemon knows the address that it listens at. Where that is every address of its machine, it has
 * no name for it; and where a reverse proxy stands in front, the browser cannot reach it at all.
 * Then the page stays: its own address leads to the new port as soon as the proxy is told of it.
 */

/** @param {string} host */
const isLoopback = (host) => host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

/**
 * The new address, or null if it cannot be reached from here, or is the page's own.
 *
 * @param {string} url as the daemon says it
 * @param {string} own the page's own address
 */
export function redirectUrl(url, own) {
  const [there, here] = [new URL(url), new URL(own)];
  if (["0.0.0.0", "[::]"].includes(there.hostname)) there.hostname = here.hostname;
  const behind = isLoopback(there.hostname) && !isLoopback(here.hostname);
  // annotd speaks plain HTTP and the page came encrypted: so a proxy stands between the two.
  const plain = here.protocol === "https:" && there.protocol === "http:";
  const same = there.origin + there.pathname === here.origin + here.pathname;
  return behind || plain || same ? null : there.href;
}
