/**
 * A real OpenID provider (npm oidc-provider) that lets everybody in without asking: the account, how it was shown and
 * when come from the cookie "plays", so that a test says them. Arguments: port, where the client is led back to.
 * Prints the issuer once it listens.
 */
import http from 'node:http';
import Provider from 'oidc-provider';

const [port, back] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const client = { client_id: 'telemed', client_secret: 's'.repeat(40), redirect_uris: [back] };

const provider = new Provider(issuer, {
  clients: [{ ...client, response_types: ['code'], grant_types: ['authorization_code'] }],
  cookies: { keys: ['a key of this test'] },
  pkce: { required: () => true },
  acrValues: ['strong', 'weak'],
  claims: { openid: ['sub', 'telemed', 'acr', 'amr', 'auth_time'] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/let-in/${interaction.uid}` },
  findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, telemed: id }) }),
  rotateRefreshToken: false,
});

/** What the test plays: "doctor:weiss|strong|mfa", and after it how many seconds ago. @param {http.IncomingMessage} request */
function played(request) {
  const said = /plays=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
  const [accountId, acr, amr, agoS = '0'] = decodeURIComponent(said).split('|');
  return { accountId, acr, amr: [amr], ts: Math.floor(Date.now() / 1000) - Number(agoS), remember: false };
}

/** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
async function letIn(request, response) {
  const { params, session, prompt } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: played(request) });
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope('openid');
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const ours = provider.callback();
http
  .createServer((request, response) => {
    if (!request.url?.startsWith('/let-in/')) return void ours(request, response);
    letIn(request, response).catch((error) => response.writeHead(500).end(String(error)));
  })
  .listen(Number(port), '127.0.0.1', () => console.log(issuer));
