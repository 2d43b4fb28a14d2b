import type { Issuer } from "./core.ts";
import { type Answer, json } from "./http.ts";

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
export function discovery({ url }: Issuer): Answer {
  return json(200, {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revoke`,
    end_session_endpoint: `${url}/logout`,
    jwks_uri: `${url}/.well-known/jwks.json`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email", "profile"],
    claims_supported: ["sub", "email", "email_verified", "preferred_username", "cognito:groups"],
    authorization_response_iss_parameter_supported: true,
  });
}
