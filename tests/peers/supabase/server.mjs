// Test double for hosted Supabase: @supabase/lite on a real Postgres, with shims. Env: DB_URL PORT JWT_SECRET STORAGE=1
import { App, InMemoryEmailDriver } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { createAdaptorServer } from "@hono/node-server";
import { SignJWT, decodeJwt } from "jose";

const secret = process.env.JWT_SECRET, key = new TextEncoder().encode(secret);
const iso = t => t?.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
const json = { serialize: t => (typeof t === "string" ? t : JSON.stringify(t)), parse: t => JSON.parse(t) };
const connection = createPostgresConnection({ url: process.env.DB_URL, postgresOptions: { ...(process.env.DB_SOCKET ? { host: process.env.DB_SOCKET } : {}),
  onnotice: () => {}, max: 5,
  types: { timestamptz: { to: 1184, from: [1184], serialize: t => t, parse: iso },
           timestamp: { to: 1114, from: [1114], serialize: t => t, parse: t => t.replace(" ", "T") },
           json: { to: 114, from: [114], ...json }, jsonb: { to: 3802, from: [3802], ...json },
           numeric: { to: 1700, from: [1700], serialize: String, parse: Number } } } });
connection.rlsState = "active";                 // never re-GRANT tables behind our back
const status = (c, anon) => {                    // PostgREST's SQLSTATE table
  if (c === "23503" || c === "23505") return 409;
  if (c === "25006") return 405;
  if (c === "42501") return anon ? 401 : 403;
  if (c === "42883" || c === "42P01") return 404;
  if (c === "42P17" || c === "25P02") return 500;
  if (c === "P0001") return 400;
  if (c === "53400" || c === "57P01") return c === "57P01" ? 503 : 500;
  const m = { "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500,
    "3B": 500, "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500, "XX": 500 };
  return m[c.slice(0, 2)] ?? 400;
};
const norm = connection.normalizeDbError.bind(connection);
connection.normalizeDbError = e => {
  const o = norm(e), c = o?.code;
  if (typeof c !== "string" || !/^[0-9A-Z]{5}$/.test(c) || c === "PGRST" || c.startsWith("PT") || c === "42501" || c === "42P01" || c === "42883" || c === "23505") return o;
  return Object.assign(new Error(JSON.stringify({ code: c, message: o.message, details: o.detail ?? null, hint: o.hint ?? null })),
    { code: "PGRST", detail: JSON.stringify({ status: status(c), headers: {} }) });
};
// lite writes the names of a function's arguments as they are, and some of them are words of SQL: "limit", "to"
const reserve = connection.driver.reserve;
connection.driver.reserve = async () => {
  const reserved = await reserve(), unsafe = reserved.unsafe;
  reserved.unsafe = (text, ...rest) => unsafe(text.replace(/([(, ])([a-z_]+) := \$/g, '$1"$2" := $'), ...rest);
  return reserved;
};
const mail = new InMemoryEmailDriver({ maxKeepCount: 1000 });
const app = new App({ connection,
  api: { schemas: (process.env.SCHEMAS ?? "public").split(",") },
  auth: { enabled: true, jwt_secret: secret, site_url: process.env.SITE_URL ?? "http://127.0.0.1:3000", jwt_expiry: 3600, enable_signup: true,
          publishable_key: process.env.PUBLISHABLE ?? "sb_publishable_test", secret_key: process.env.SECRET ?? "sb_secret_test",
          email: { enable_confirmations: process.env.CONFIRM === "1" } },
  storage: { enabled: process.env.EXPERIMENTAL_STORAGE === "1", file_size_limit: "5MiB" },
  options: { drivers: { email: mail } } });
if (app.config.storage?.enabled) {
  // FilesystemStorageAdapter isn't exported: borrow it from an app the CLI builds
  const { default: path } = await import("node:path"); const fs = await import("node:fs/promises"); const crypto = await import("node:crypto");
  const base = path.resolve(process.env.STORAGE_DIR ?? "./storage"), fp = (b, k) => path.join(base, b, k), md5 = x => `"${crypto.createHash("md5").update(x).digest("hex")}"`;
  const ct = async p => JSON.parse(await fs.readFile(p + ".__meta", "utf8"));
  const head = async (b, k) => { const p = fp(b, k), s = await fs.stat(p), m = await ct(p); return { cacheControl: m.cc, contentLength: s.size, size: s.size, mimetype: m.ct, lastModified: s.mtime, eTag: m.eTag }; };
  app._storageAdapter = { driver: fs,
    async uploadObject(b, k, v, body, type, cc) { const p = fp(b, k); await fs.mkdir(path.dirname(p), { recursive: true });
      const buf = body instanceof Uint8Array ? body : Buffer.from(await new Response(body).arrayBuffer()); await fs.writeFile(p, buf);
      await fs.writeFile(p + ".__meta", JSON.stringify({ ct: type, cc, eTag: md5(buf) })); return head(b, k); },
    async getObject(b, k, v, h) { const metadata = await head(b, k); if (h?.ifNoneMatch === metadata.eTag) return { httpStatusCode: 304, metadata };
      return { httpStatusCode: 200, metadata, body: new Blob([await fs.readFile(fp(b, k))]).stream() }; },
    async deleteObject(b, k) { await fs.rm(fp(b, k), { force: true }); await fs.rm(fp(b, k) + ".__meta", { force: true }); },
    async deleteObjects(b, ks) { for (const k of ks) await this.deleteObject(b, k); },
    async copyObject(sb, s, sv, db, d) { await fs.mkdir(path.dirname(fp(db, d)), { recursive: true }); for (const x of ["", ".__meta"]) await fs.copyFile(fp(sb, s) + x, fp(db, d) + x); const m = await head(db, d); return { httpStatusCode: 200, eTag: m.eTag, lastModified: m.lastModified }; },
    headObject: head, async privateAssetUrl(b, k) { return "file://" + fp(b, k); } };
}
await app.ensureSystemSchema();
connection.rlsState = "active";
await connection.driver.listen("pgrst", () => connection.clearSchemaCache());      // NOTIFY pgrst works as on hosted
const sql = connection.driver;
await sql.unsafe(`create or replace function auth.uid() returns uuid language sql stable as $$ select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
 grant usage on schema auth to anon, authenticated, service_role;`);
if (app.config.storage?.enabled) await sql.unsafe(`grant usage on schema storage to anon, authenticated, service_role; grant all on all tables in schema storage to anon, authenticated, service_role`);

const methods = new Map();                        // how each user signed in, which a refreshed token goes on saying; jti: two of one second differ
const resign = async (b, how) => {                // hosted tokens carry these claims
  if (!b?.access_token || !b.user) return b;
  const p = decodeJwt(b.access_token);
  b.access_token = await new SignJWT({ ...p, iss: (process.env.SITE_URL ?? "") + "/auth/v1", phone: "", app_metadata: b.user.app_metadata, user_metadata: b.user.user_metadata,
    aal: "aal1", amr: [{ method: (how && methods.set(b.user.id, how), methods.get(b.user.id)), timestamp: p.iat }], is_anonymous: false, jti: crypto.randomUUID() }).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(key);
  return b;
};
const userRow = r => ({ id: r.id, aud: "authenticated", role: "authenticated", email: r.email, phone: "", app_metadata: r.raw_app_meta_data ?? {}, user_metadata: r.raw_user_meta_data ?? {},
  created_at: r.created_at, updated_at: r.updated_at, email_confirmed_at: r.email_confirmed_at, last_sign_in_at: r.last_sign_in_at, identities: [], is_anonymous: false, ...(r.banned_until ? { banned_until: r.banned_until } : {}) });
const J = (o, s = 200) => new Response(JSON.stringify(o), { status: s, headers: { "content-type": "application/json" } });
const fetchUp = (req, peer) => app.fetch(req, { peerAddress: peer });
async function admin(req, url) {                  // the part of the admin API that lite lacks
  if (req.headers.get("apikey") !== (process.env.SECRET ?? "sb_secret_test")) return J({ code: 403, error_code: "not_admin", msg: "User not allowed" }, 403);
  const id = url.pathname.split("/")[5];
  const body = ["POST", "PUT"].includes(req.method) ? await req.json() : {};
  const patch = async uid => { await sql`update auth.users set raw_app_meta_data = coalesce(raw_app_meta_data,'{}') || ${body.app_metadata ?? {}}::jsonb, raw_user_meta_data = coalesce(raw_user_meta_data,'{}') || ${body.user_metadata ?? {}}::jsonb,
      email_confirmed_at = case when ${!!body.email_confirm} then coalesce(email_confirmed_at, now()) else email_confirmed_at end, updated_at = now() where id = ${uid}`;
      return (await sql`select * from auth.users where id = ${uid}`)[0]; };
  if (req.method === "POST") {
    const r = await fetchUp(new Request(new URL("/auth/v1/signup", url), { method: "POST", headers: { apikey: req.headers.get("apikey"), "content-type": "application/json" },
      body: JSON.stringify({ email: body.email, password: body.password ?? crypto.randomUUID(), data: body.user_metadata }) }), null);
    const b = await r.json(); if (!r.ok) return J(b.error_code === "user_already_exists" ? { code: 422, error_code: "email_exists", msg: "A user with this email address has already been registered" } : b, r.status);
    const uid = (b.user ?? b).id; await sql`delete from auth.sessions where user_id = ${uid}`; return J(userRow(await patch(uid)));
  }
  if (!id) return J({ users: (await sql`select * from auth.users order by created_at`).map(userRow), aud: "authenticated" });
  const [row] = await sql`select * from auth.users where id = ${id}`;
  if (!row) return J({ code: 404, error_code: "user_not_found", msg: "User not found" }, 404);
  if (req.method === "DELETE") { await sql`delete from auth.users where id = ${id}`; return J({}); }
  return J(userRow(req.method === "PUT" ? await patch(id) : row));
}
async function handle(req, peer) {
  const url = new URL(req.url);
  if (url.pathname === "/__test/mail") return J([...mail.messages.values()].flat().filter(m => !url.searchParams.get("to") || m.to === url.searchParams.get("to")));
  if (url.pathname.startsWith("/auth/v1/admin/users")) return admin(req, url);
  if (/^\/storage\/v1\/object\/(upload\/)?sign\//.test(url.pathname) && req.method === "POST") {   // names that storage3 wants
    const r = await fetchUp(req, peer); if (!r.ok) return r;
    const fix = o => { const { signedUrl, signedURL, url: u, ...rest } = o; const v = (signedURL ?? signedUrl ?? u)?.replace(/^(https?:\/\/[^/]+)?\/storage\/v1/, "");
      return url.pathname.includes("/upload/") ? { ...rest, url: v } : { ...rest, signedURL: v }; };
    const b = await r.json(); return J(Array.isArray(b) ? b.map(fix) : fix(b));
  }
  if (!url.pathname.startsWith("/auth/v1/") || req.method !== "POST") return fetchUp(req, peer);
  const text = await req.text(); const mk = b => new Request(req.url, { method: "POST", headers: req.headers, body: b });
  let r;
  if (url.pathname === "/auth/v1/verify" && JSON.parse(text).type === "email") {         // lite does not know type=email
    for (const t of ["magiclink", "signup"]) { r = await fetchUp(mk(JSON.stringify({ ...JSON.parse(text), type: t })), peer); if (r.ok) break; }
  } else r = await fetchUp(mk(text), peer);
  if (!r.ok || !/\/(signup|token|verify)$/.test(url.pathname)) return r;
  return J(await resign(await r.json(), url.pathname.endsWith("/verify") ? "otp" : url.searchParams.get("grant_type") === "refresh_token" ? null : "password"), r.status);
}
const server = createAdaptorServer({ fetch: (req, env) => handle(req, env.incoming.socket.remoteAddress ?? null) });
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(JSON.stringify({ ready: true, port: server.address().port })));
for (const s of ["SIGTERM", "SIGINT"]) process.on(s, () => process.exit(0));
process.stdin.on("end", () => process.exit(0)); process.stdin.resume();               // dies with pytest
