/** `npm run bench`. The bench is a package of its own; this is its door among the root commands. */
import '../bench/main.ts'
