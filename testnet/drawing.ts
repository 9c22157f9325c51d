// What pictures have in common: plots drawn without a browser, as the inside of an SVG, and text that stays text.
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** Text for an element or for a quoted attribute of HTML or SVG. */
export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** The marks of a plot, without the SVG element around them. */
export function drawPlot(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>')
  const svg = Plot.plot({ ...options, document })
  // its style sheet is for a page, and sizes the picture as that; as part of a picture it needs none
  svg.querySelector('style')?.remove()
  return svg.innerHTML
}

/** Coordinates to a hundredth of a pixel: the file is a third of the size. */
export const shortNumbers = (svg: string): string =>
  svg.replaceAll(/-?\d+\.\d{3,}/g, number => String(Math.round(Number(number) * 100) / 100))
