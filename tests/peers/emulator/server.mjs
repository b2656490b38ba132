// A Gmail API and Google sign-in that others wrote, on loopback: node server.mjs ACCOUNTS (JSON).
// Unlike its own command line it binds loopback only and refuses bearer tokens that it did not give.
// Prints its address as JSON and ends when its stdin closes.
import { createServer as plain } from "node:net";
import { createServer, serve } from "@emulators/core";
import { googlePlugin, seedFromConfig } from "@emulators/google";

const freePort = () =>
  new Promise((resolve) => {
    const probe = plain().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

const port = await freePort();
const baseUrl = `http://127.0.0.1:${port}`;
const { app, store } = createServer(googlePlugin, { port, baseUrl });
seedFromConfig(store, baseUrl, JSON.parse(process.argv[2]));
serve({ fetch: app.fetch, port, hostname: "127.0.0.1" });
while (!(await fetch(`${baseUrl}/.well-known/openid-configuration`).catch(() => null))?.ok);
console.log(JSON.stringify({ ready: baseUrl }));
process.stdin.on("end", () => process.exit(0)).resume();
