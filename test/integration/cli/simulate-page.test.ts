import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, startBrowser } from '../../support/browser.ts';
import { smearcache } from '../../support/cli.ts';

const NODES = 12;

describe.skipIf(!browserAvailable)('the page that simulate writes (needs chromium)', () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'smearcache-page-'));
    browser = await startBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The page, and all that it complained of or asked for besides itself. */
  async function open(words: readonly string[], options: Parameters<Browser['newPage']>[0] = {}) {
    const file = join(folder, 'page.html');
    const result = await smearcache(['simulate', ...words, '--html', file, '--json']);
    expect(result.code).toBe(0);
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, ...options });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href && !request.url().startsWith('data:'))
        complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, simulation: result.json };
  }

  const boxes = (page: Page, selector: string) =>
    page.locator(selector).evaluateAll((elements) =>
      elements.map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x, y, width, height };
      }),
    );

  it('draws two bars a node, as long as its load', async () => {
    const { page, complaints, simulation } = await open(['--popularity', '--size', String(NODES)]);
    const before = await boxes(page, '#load rect.before');
    const after = await boxes(page, '#load rect.after');
    expect([before.length, after.length]).toEqual([NODES, NODES]);
    const most = Math.max(...simulation.before.loads);
    const longest = Math.max(...before.map(({ width }) => width));
    expect(longest).toBeGreaterThan(300);
    for (const [i, { width, height }] of before.entries()) {
      expect(height).toBeGreaterThan(8);
      expect(width / longest).toBeCloseTo(simulation.before.loads[i] / most, 1);
      expect(after[i]!.width / longest).toBeCloseTo(simulation.recommended.loads[i] / most, 1);
      // Below each other, not on top of each other.
      expect(after[i]!.y).toBeGreaterThanOrEqual(before[i]!.y + height);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('can be read on a telephone: plots are moved, not made small', async () => {
    const { page } = await open(['--popularity', '--size', '4'], { viewport: { width: 400, height: 800 } });
    const [name] = await boxes(page, '#load text.name');
    expect(name!.height).toBeGreaterThan(9);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
    await page.close();
  });

  it('draws the popularity with its threshold, and what more copies would bring', async () => {
    const { page, complaints, simulation } = await open([
      '--zipf',
      '0.99',
      '--keys',
      '100000',
      '--target',
      '1.05',
    ]);
    for (const id of ['load', 'popularity', 'trials']) {
      const [plot] = await boxes(page, `#${id}`);
      expect(plot!.width).toBeGreaterThan(500);
      expect(plot!.height).toBeGreaterThan(150);
      // Nothing sticks out of its plot.
      for (const { x, y, width, height } of await boxes(page, `#${id} *:not(title)`)) {
        expect(x).toBeGreaterThanOrEqual(plot!.x - 1);
        expect(y).toBeGreaterThanOrEqual(plot!.y - 1);
        expect(x + width).toBeLessThanOrEqual(plot!.x + plot!.width + 1);
        expect(y + height).toBeLessThanOrEqual(plot!.y + plot!.height + 1);
      }
    }
    const [curve] = await boxes(page, '#popularity path.curve');
    expect(curve!.width).toBeGreaterThan(300);
    expect(curve!.height).toBeGreaterThan(50);
    expect(await page.locator('#popularity circle.hot').count()).toBe(simulation.recommended.hot.length);
    expect(await page.locator('#trials circle').count()).toBe(simulation.trials.length);
    expect(await page.locator('#trials circle.chosen').count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('is dark where the reader is, and fits a phone', async () => {
    // As text: what runs in the page has other globals than what is compiled here.
    const lightness = async (page: Page): Promise<number> => {
      const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      return colour.match(/\d+/g)!.reduce((sum, channel) => sum + Number(channel), 0);
    };
    const { page: light } = await open(['--popularity'], { colorScheme: 'light' });
    const { page: dark } = await open(['--popularity'], {
      colorScheme: 'dark',
      viewport: { width: 390, height: 800 },
    });
    expect(await lightness(light)).toBeGreaterThan(600);
    expect(await lightness(dark)).toBeLessThan(150);
    expect(await dark.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await light.close();
    await dark.close();
  });

  it('shows keys as text, whatever is in them', async () => {
    const evil = '<img src=x onerror=alert(1)>"\u202e';
    const log = join(folder, 'access.log');
    writeFileSync(log, [...Array(50).fill(evil), 'a', 'b', 'c'].join('\n'));
    const { page, complaints } = await open(['--log', log, '--tolerance', '0.1']);
    expect(await page.locator('td code').first().textContent()).toBe('<img src=x onerror=alert(1)>"\\u202e');
    expect(await page.locator('img, script').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
