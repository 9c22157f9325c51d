// A lane for each validator of a report: what it did when, what was done to it, and how far it came.
import * as Plot from '@observablehq/plot'
import { drawPlot } from '../../drawing.ts'
import type { ExperimentReport, ReportedNode } from '../report.ts'
import { basis, givenFaults, phaseEdges, pictured, seconds } from './frame.ts'
import { timeText } from './text.ts'

/** States of validators, in the order of the legend. */
export const laneColours: Readonly<Record<string, string>> = {
  voting: 'var(--voting)',
  following: 'var(--following)',
  starting: 'var(--starting)',
  mute: 'var(--mute)',
  paused: 'var(--paused)',
  down: 'var(--down)',
  refuses: 'var(--refuses)',
  adversary: 'var(--adversary)',
}

const laneHeight = 34

interface Stay {
  readonly lane: number
  readonly from: number
  readonly to: number
  readonly state: string
  readonly text: string
}

function staysOf({ role, states }: ReportedNode, lane: number, endS: number, byzantine: string): Stay[] {
  return states.map(({ fromMs, state }, at) => {
    const isAdversary = role === 'adversary' && (state === 'voting' || state === 'following')
    return {
      lane,
      from: seconds(fromMs),
      to: at + 1 < states.length ? seconds(states[at + 1]!.fromMs) : endS,
      state: isAdversary ? 'adversary' : state,
      text: isAdversary ? byzantine : state,
    }
  })
}

/** A lane for each validator: its state over time, and its height as a line that rises from the lane's floor to its ceiling. */
export function lanesChart(report: ExperimentReport): string {
  const { nodes } = report
  const top = Math.max(1, ...nodes.map(({ height }) => height))
  return pictured(report, 'State and height of every validator over time', frame => {
    const height = 46 + nodes.length * laneHeight
    const stays = nodes.flatMap((node, lane) =>
      staysOf(node, lane, frame.endS, report.manifest.network.byzantine[node.name] ?? 'adversary'),
    )
    const named = stays.filter(
      ({ state, text, from, to }) => state !== 'voting' && (to - from) * frame.scale > text.length * 6.6 + 8,
    )
    const heights = nodes.flatMap(({ heights }, lane) =>
      heights.map(({ atMs, height }) => ({ lane, x: seconds(atMs), y: lane + 0.86 - (0.72 * height) / top })),
    )
    const marks = drawPlot({
      ...basis(frame, height),
      marginRight: frame.right,
      color: { domain: Object.keys(laneColours), range: Object.values(laneColours), unknown: 'var(--starting)' },
      y: { domain: [0, nodes.length], reverse: true, axis: null },
      marks: [
        Plot.rect(stays, {
          x1: 'from',
          x2: 'to',
          y1: ({ lane }) => lane + 0.1,
          y2: ({ lane }) => lane + 0.9,
          fill: 'state',
          title: ({ lane, text, from, to }) =>
            `${nodes[lane]!.name} ${text}, ${timeText(from * 1_000)} to ${timeText(to * 1_000)}`,
          rx: 2,
        }),
        Plot.rect(
          givenFaults(report).flatMap(fault =>
            fault.nodes.length === nodes.length
              ? []
              : fault.nodes.flatMap(name => {
                  const lane = nodes.findIndex(node => node.name === name)
                  return lane < 0 || fault.toMs <= fault.fromMs ? [] : [{ lane, ...fault }]
                }),
          ),
          {
            x1: ({ fromMs }) => seconds(fromMs),
            x2: ({ toMs }) => seconds(toMs),
            y1: ({ lane }) => lane + 0.1,
            y2: ({ lane }) => lane + 0.9,
            fill: 'none',
            stroke: 'var(--fault)',
            strokeWidth: 1.6,
            rx: 2,
          },
        ),
        Plot.ruleX(phaseEdges(report), { x: 'x', stroke: 'var(--muted)', strokeDasharray: '2 3' }),
        Plot.lineY(heights, { x: 'x', y: 'y', z: 'lane', stroke: 'var(--ink)', strokeWidth: 1.2, curve: 'step-after' }),
        Plot.text(named, {
          x: ({ from, to }) => (from + to) / 2,
          y: ({ lane }) => lane + 0.5,
          text: 'text',
          fill: 'var(--ink)',
          stroke: 'var(--paper)',
          strokeWidth: 3,
        }),
        Plot.text(nodes, {
          x: 0,
          y: (_, lane) => lane + 0.5,
          text: 'name',
          textAnchor: 'end',
          dx: -8,
          fill: 'var(--ink)',
          fontWeight: 'bold',
        }),
      ],
    })
    return [marks, height]
  })
}
