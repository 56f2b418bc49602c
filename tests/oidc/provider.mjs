// An OpenID provider for tests: the certified `oidc-provider`, behind a server that lets a test say over /control who
// signs in, what is said of them, which way the clock goes, when keys rotate, and what goes wrong.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';

const begun = () => ({
  who: 'alice', // who is signed in at the next interaction; null: they decline
  people: { alice: { preferred_username: 'alice', email: 'alice@example.com', email_verified: true, groups: [] } },
  redirect_uris: ['http://localhost:8000/sign-in/with/acme/callback/'],
  refreshes: true,
  thin: true, // claims are told by the userinfo alone, which is the default of the library
  issues_id_token_on_refresh: true,
  offset_seconds: 0,
  fault: '', // what is done to ID tokens: see spoil()
  status: 0, // answer everything with this status
  delay_ms: 0, // before the token endpoint answers
});

let state = begun();
let counts = {};
let issuer = '';
let keys = [];
let provider;
let dispatch;
let firstToken = '';

const realNow = Date.now;
Date.now = () => realNow() + state.offset_seconds * 1000;

async function newKey() {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: `k${realNow()}${Math.random()}` };
}

// What a test asks for is done to a token that the library made; it is signed anew with the same key.
async function spoil(raw) {
  const claims = decodeJwt(raw);
  const header = decodeProtectedHeader(raw);
  let key = await importJWK(keys[0], 'RS256');
  switch (state.fault) {
    case 'audience': claims.aud = 'another-client'; break;
    case 'authorized_party': claims.aud = ['slipway', 'another-client']; claims.azp = 'another-client'; break;
    case 'issuer': claims.iss = 'https://elsewhere.example'; break;
    case 'nonce': claims.nonce = 'somebody-elses'; break;
    case 'no_nonce': delete claims.nonce; break;
    case 'subject': claims.sub = 'mallory'; break;
    case 'expired': claims.exp = claims.iat - 600; break;
    case 'key': key = (await generateKeyPair('RS256')).privateKey; break;
    case 'replay': return firstToken;
    case 'alg_none':
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${raw.split('.')[1]}.`;
    case 'hs256':
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('a'.repeat(43)));
    case 'garbage': return 'no.token.atall';
    default: return raw;
  }
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

// What the provider remembers; it outlives the instances that each change of the configuration makes.
const remembered = new Map();

class Memory {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload) {
    remembered.set(`${this.model}:${id}`, payload);
  }

  async find(id) {
    return remembered.get(`${this.model}:${id}`);
  }

  async findByUid(uid) {
    return [...remembered.entries()].find(([key, row]) => key.startsWith(`${this.model}:`) && row.uid === uid)?.[1];
  }

  async consume(id) {
    (await this.find(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    remembered.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId(grantId) {
    for (const [key, row] of remembered) if (row.grantId === grantId) remembered.delete(key);
  }
}

function build() {
  const client = (id) => ({
    client_id: id,
    client_secret: 'a secret + with/signs',
    redirect_uris: state.redirect_uris,
    post_logout_redirect_uris: ['http://localhost:8000/sign-in/'],
    grant_types: ['authorization_code', 'refresh_token'],
  });
  provider = new Provider(issuer, {
    clients: [client('slipway'), client('another-client')],
    adapter: Memory,
    jwks: { keys },
    claims: {
      openid: ['sub'],
      profile: ['preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    conformIdTokenClaims: state.thin,
    rotateRefreshToken: true,
    issueRefreshToken: async () => state.refreshes,
    pkce: { required: () => true },
    ttl: { AccessToken: 600, IdToken: 900, RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 7200 },
    cookies: { keys: ['for tests'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) => {
      const claims = state.people[id];
      return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    const route = ctx.oidc?.route;
    const kind = route === 'token' ? `token ${ctx.oidc.params?.grant_type} ${ctx.status}` : route;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (route === 'token' && ctx.body?.id_token) {
      firstToken ||= ctx.body.id_token;
      ctx.body.id_token = await spoil(ctx.body.id_token);
      if (ctx.oidc.params.grant_type === 'refresh_token' && !state.issues_id_token_on_refresh) delete ctx.body.id_token;
      if (state.delay_ms) await new Promise((done) => setTimeout(done, state.delay_ms));
    }
  });
  dispatch = provider.callback();
}

async function interact(req, res) {
  const { params, grantId } = await provider.interactionDetails(req, res);
  if (state.who === null) {
    return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'not today' });
  }
  const grant = (grantId && (await provider.Grant.find(grantId))) ||
    new provider.Grant({ accountId: state.who, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: state.who }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

async function control(req, res) {
  let text = '';
  for await (const chunk of req) text += chunk;
  const wish = text ? JSON.parse(text) : {};
  if (wish.reset) {
    state = begun();
    counts = {};
    firstToken = '';
    remembered.clear();
  }
  if (wish.rotate || !keys.length) keys = [await newKey()];
  Object.assign(state, wish.set ?? {});
  if (text) build();
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ counts, issuer, kid: keys[0].kid }));
}

const server = createServer(async (req, res) => {
  try {
    if (req.url === '/control') return await control(req, res);
    if (state.status) {
      res.statusCode = state.status;
      return res.end('<h1>not today</h1>');
    }
    if (req.url.startsWith('/interaction/')) return await interact(req, res);
    return dispatch(req, res);
  } catch (error) {
    res.statusCode = 500;
    return res.end(String(error.stack));
  }
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', async () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  keys = [await newKey()];
  build();
  console.log(`listening ${server.address().port}`);
});
// It ends with who started it, however that ends.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
