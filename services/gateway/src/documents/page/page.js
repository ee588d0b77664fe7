/** The page at /docs: lists the types, and posts what stands in the field. Everything goes in as text, never as HTML. */
const byId = (id) => document.getElementById(id)
const [form, type, mode, key, body] = ['form', 'type', 'mode', 'key', 'body'].map(byId)
const [facts, status, errors, answer, schema] = ['facts', 'status', 'errors', 'answer', 'schema'].map(byId)

/** The type that is shown, as /v1/types/{type} describes it. */
let shown

form.addEventListener('submit', (event) => {
  event.preventDefault()
  send()
})
form.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit()
})
type.addEventListener('change', showType)
mode.addEventListener('change', showExample)
key.addEventListener('change', listTypes)
byId('reset').addEventListener('click', showExample)
listTypes()

async function listTypes() {
  const { ok, json } = await request('/v1/types')
  if (!ok) return
  const before = type.value
  type.replaceChildren(
    ...json.types.map(
      ({ type, origin }) => new Option(origin === 'derived' ? `${type} (derived)` : type, type),
    ),
  )
  if (json.types.some(({ type }) => type === before)) type.value = before
  else await showType()
}

async function showType() {
  const { ok, json } = await request(`/v1/types/${encodeURIComponent(type.value)}`)
  // Somebody may have chosen another one meanwhile.
  if (!ok || json.type !== type.value) return
  shown = json
  facts.textContent = `Version ${json.version}, of ${json.owner}. Lanes: ${json.lanes.join(', ')}; ${json.defaultPriority} without a wish. Key of the example: ${json.exampleKey}.`
  schema.textContent = JSON.stringify(json.schema, null, 2)
  showExample()
}

function showExample() {
  if (!shown) return
  const { type, example } = shown
  const envelope =
    mode.value === 'application/json'
      ? { type }
      : { specversion: '1.0', id: crypto.randomUUID?.() ?? String(Date.now()), source: '/docs', type }
  body.value = JSON.stringify({ ...envelope, data: example }, null, 2)
}

async function send() {
  const { response, ok, json } = await request('/v1/events', {
    method: 'POST',
    headers: { 'content-type': mode.value },
    body: body.value,
  })
  if (!response) return
  const wait = response.headers.get('retry-after')
  const what = json?.status && ok ? json.status : (json?.title ?? '')
  say(ok, `${response.status} ${what}${wait ? `, to be sent again in ${wait} s` : ''}`)
  errors.replaceChildren(...(json?.errors ?? []).map(itemOf))
  answer.textContent = JSON.stringify(json, null, 2) ?? ''
  answer.hidden = json === undefined
}

function itemOf({ pointer, detail }) {
  const item = document.createElement('li')
  const code = document.createElement('code')
  code.textContent = pointer === '' ? 'the event' : pointer
  item.append(code, `: ${detail}`)
  return item
}

/** What goes wrong is said on the page. Without a response there was no connection. */
async function request(url, options = {}) {
  const authorization = key.value === '' ? {} : { authorization: `Bearer ${key.value}` }
  try {
    const response = await fetch(url, { ...options, headers: { ...options.headers, ...authorization } })
    const text = await response.text()
    const json = text === '' ? undefined : JSON.parse(text)
    if (!response.ok) say(false, `${response.status} ${json?.title ?? ''}. ${json?.detail ?? ''}`)
    return { response, ok: response.ok, json }
  } catch (error) {
    say(false, `There was no answer: ${error.message}`)
    return { ok: false }
  }
}

function say(good, text) {
  status.textContent = text
  status.className = good ? 'good' : 'bad'
}
