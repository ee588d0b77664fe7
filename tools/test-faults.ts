/** `npm run test:faults`. The suite is part of the tests; this is its door among the root commands. */
import '../tests/faults/main.ts'
