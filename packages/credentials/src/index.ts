export {
  apiKeyIdOf,
  createApiKey,
  digestOf,
  isApiKeyLike,
  isApiKeyWhole,
  isKeyOf,
  type NewApiKey,
} from './api-key.ts'
export {
  type CredentialEntry,
  type CredentialsDocument,
  CredentialsError,
  formatCredentials,
  type KeyEntry,
  type LimitsEntry,
  parseCredentials,
} from './credentials-document.ts'
export { addCredential, endOf, revokeKey, rotateKey } from './edit-keys.ts'
