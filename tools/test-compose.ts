/** `npm run test:compose`. The trial is part of the tests; this is its door among the root commands. */
import '../tests/compose/main.ts'
