/** Names of the Kafka record headers. Few on purpose: each header costs CPU on every hop. */
export const CONTENT_TYPE = 'content-type'

/** The content type of a record whose value is a whole CloudEvent as JSON (structured mode). */
export const CLOUDEVENTS_JSON = 'application/cloudevents+json'
