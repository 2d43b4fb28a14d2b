import { describe, expect, test } from "@jest/globals";
import { type Claims, personFromClaims, type TokenRules } from "../../shared/intake/token.ts";

const RULES: TokenRules = { token: "id_token", nameClaim: "", groupsClaim: "" };
const ID: Claims = { iss: "https://issuer.example", sub: "4711" };
const UUID = "5e7a72f0-4473-1468-493b-0b6cb05f9ede";

const person = (claims: Claims, rules: Partial<TokenRules> = {}) =>
  personFromClaims({ ...ID, ...claims }, { ...RULES, ...rules });

describe("the name of a token's person", () => {
  test.each<[string, Claims, string]>([
    ["Cognito's user name", { "cognito:username": "alice", email: "a@b.c", email_verified: "true" }, "alice"],
    ["that of an access token", { username: "alice" }, "alice"],
    [
      "the address of a user who signed up by it",
      { "cognito:username": UUID, email: "a@b.c", email_verified: "true" },
      "a@b.c",
    ],
    [
      "the address of a federated user",
      { "cognito:username": "Google_1", identities: "[map[x:1]]", email: "a@b.c", email_verified: "true" },
      "a@b.c",
    ],
    [
      "the subject, where nothing is vouched for",
      { email: "a@b.c", email_verified: "false", preferred_username: "alice" },
      "4711",
    ],
    ["the subject, where nobody says that the address is verified", { email: "a@b.c" }, "4711"],
    [
      "the subject, before what everybody may call themselves",
      { preferred_username: "alice", nickname: "al", name: "Alice" },
      "4711",
    ],
  ])("is %s", (_what, claims, name) => {
    expect(person(claims)).toMatchObject({ name, identity: "https://issuer.example#4711" });
  });

  test("is the claim that is configured, and nobody's where it is missing", () => {
    expect(person({ upn: "alice@corp" }, { nameClaim: "upn" })).toMatchObject({ name: "alice@corp" });
    expect(person({ "cognito:username": "alice" }, { nameClaim: "upn" })).toEqual({
      refused: "the token has no upn",
    });
  });

  test("tells vouched names from others", () => {
    const claims = { "cognito:username": "alice", email: "a@b.c", preferred_username: "al" };
    expect(person({ ...claims, email_verified: "true" })).toMatchObject({
      aliases: ["a@b.c"],
      claimed: ["al"],
    });
    const unverified = person(claims);
    expect(unverified).toMatchObject({ claimed: ["al", "a@b.c"] });
    expect(unverified).not.toHaveProperty("aliases");
  });
});

describe("the groups", () => {
  test.each<[string, Claims, readonly string[]]>([
    ["a list", { "cognito:groups": "[a b]" }, ["a", "b"]],
    ["a list of one", { "cognito:groups": "[a]" }, ["a"]],
    ["an empty list", { "cognito:groups": "[]" }, []],
    ["one group", { groups: "a" }, ["a"]],
    ["Cognito's before others", { "cognito:groups": "[a]", groups: "[b]" }, ["a"]],
    ["none", {}, []],
  ])("%s", (_what, claims, groups) => {
    expect(person(claims)).toMatchObject({ groups });
  });

  test("are where the configuration says", () => {
    expect(person({ roles: "[x]", groups: "[y]" }, { groupsClaim: "roles" })).toMatchObject({
      groups: ["x"],
    });
  });
});

describe("nobody", () => {
  test.each<[string, Claims]>([
    ["an access token where an ID token is wanted", { token_use: "access" }],
    ["no issuer", { iss: "" }],
    ["no subject", { sub: "" }],
    ["a name that turns round what follows", { "cognito:username": "bob\u202ecod.elpmaxe" }],
    ["a name with a control character", { "cognito:username": "bob\u0007" }],
    ["an address with a zero-width space", { email: "bob\u200b@example.com", email_verified: "true" }],
    ["a name without end", { "cognito:username": "x".repeat(1_000) }],
  ])("%s", (_what, claims) => {
    expect(person(claims)).toEqual({ refused: expect.any(String) });
  });

  test("an ID token where an access token is wanted", () => {
    expect(person({ token_use: "id" }, { token: "access_token" })).toEqual({
      refused: "send the access_token, not the other token",
    });
  });
});
