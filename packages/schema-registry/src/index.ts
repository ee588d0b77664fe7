export { SchemaRegistryError, type SchemaRegistryErrorCode } from './errors.ts'
export { findSchemaIds, type RegistrationReport, registerSchemas } from './registered-schemas.ts'
export {
  COMPATIBILITIES,
  type Compatibility,
  openSchemaRegistry,
  type RegistryConnection,
  type SchemaKind,
  type SchemaRegistry,
} from './registry.ts'
