import { brokerKilled, brokerRestarted, brokerUnreachable } from './broker.ts'
import { consumerKilled, rebalanceStorm, stalled } from './consumers.ts'
import { gatewayKilled, stoppedUnderLoad } from './gateway.ts'
import { halfOpen, slowBroker } from './network.ts'
import { deadLetterBlocked, hotKey, poison } from './records.ts'
import { redriven } from './redriven.ts'
import type { Scenario } from './scenario.ts'

/** All of them, in the order in which they run. */
export const rigScenarios: readonly Scenario[] = Object.freeze([
  gatewayKilled,
  consumerKilled,
  brokerKilled,
  poison,
  stoppedUnderLoad,
  rebalanceStorm,
  stalled,
  brokerRestarted,
  slowBroker,
  halfOpen,
  deadLetterBlocked,
  redriven,
  hotKey,
  brokerUnreachable,
])
