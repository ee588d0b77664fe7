/** How many items share each combination of values, most first. */
export function countBy<Item, Values extends Readonly<Record<string, string | number>>, Unit extends string>(
  items: readonly Item[],
  unit: Unit,
  valuesOf: (item: Item) => Values,
): (Values & { readonly [Name in Unit]: number })[] {
  const counts = new Map<string, { values: Values; count: number }>()
  for (const item of items) {
    const values = valuesOf(item)
    const name = Object.values(values).join('\n')
    const counted = counts.get(name)
    if (counted) counted.count += 1
    else counts.set(name, { values, count: 1 })
  }
  return [...counts.values()]
    .toSorted((a, b) => b.count - a.count)
    .map(({ values, count }) => ({ ...values, [unit]: count }) as Values & { [Name in Unit]: number })
}
