export { type Span, spanOf } from './span.ts'
