// The script of the page on which a registration is judged: draws slices of two layers, and lets the reader go from one to the other.

(() => {
  const element = (id) => document.getElementById(id);
  if (element('scene') === null) return;
  const {tiles, layers, result} = JSON.parse(element('scene').textContent);
  const canvases = [...document.querySelectorAll('canvas[data-plane]')];
  const names = new Map(layers.map(({key, name}) => [key, name]));

  /** Half a period of the flicker: below three flashes a second, which are a danger to some. */
  const FLICKER_MS = 450;
  const state = {swipe: 0.5, isFlicker: false, showsB: false, timer: 0};

  const chosen = (side) => element(`layer-${side}`).value;
  const isOn = (id) => element(id)?.checked ?? false;
  const picture = (kind, key) => {
    const image = element(`${kind}-${key}`);
    return image?.complete && image.naturalWidth > 0 ? image : null;
  };

  /** One layer with what lies on it, in the part of a canvas that is clipped. */
  function drawLayer(context, tile, [key, other]) {
    const {width, height} = context.canvas;
    const draw = (image) => {
      if (image)
        context.drawImage(image, tile.x, tile.y, tile.width, tile.height, 0, 0, width, height);
    };
    draw(picture('picture', key));
    if (isOn('grid')) draw(picture('picture', 'grid'));
    if (isOn('labels')) {
      // On the fixed image those of what it is compared with.
      draw(picture('labels', key === 'fixed' ? other : key) ?? picture('labels', result));
      draw(picture('labels', 'fixed'));
    }
    if (isOn('edges') && other !== key) draw(picture('edges', other));
  }

  function drawPlane(canvas) {
    const plane = Number(canvas.dataset.plane);
    const own = tiles.filter((tile) => tile.plane === plane);
    const wanted = Number(element('slice').value);
    const tile = own.find(({slice}) => slice === wanted) ?? own[own.length >> 1];
    const density = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * density));
    const height = Math.max(1, Math.round(canvas.clientHeight * density));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.clearRect(0, 0, width, height);
    const [a, b] = [chosen('a'), chosen('b')];
    if (state.isFlicker) return drawLayer(context, tile, state.showsB ? [b, a] : [a, b]);
    const edge = Math.round(state.swipe * width);
    const clipped = (from, to, pair) => {
      context.save();
      context.beginPath();
      context.rect(from, 0, to - from, height);
      context.clip();
      drawLayer(context, tile, pair);
      context.restore();
    };
    clipped(0, edge, [a, b]);
    clipped(edge, width, [b, a]);
    context.fillStyle = '#fff';
    context.fillRect(edge - density / 2, 0, density, height);
  }

  function draw() {
    canvases.forEach(drawPlane);
    const [a, b] = [chosen('a'), chosen('b')];
    const isShown = {a: !state.isFlicker || !state.showsB, b: !state.isFlicker || state.showsB};
    for (const [side, key] of [
      ['a', a],
      ['b', b],
    ]) {
      const output = element(`name-${side}`);
      output.textContent = names.get(key);
      output.classList.toggle('faint', !isShown[side]);
    }
    element('scale').hidden = a !== 'jacobian' && b !== 'jacobian';
    document.body.dataset.shown = state.isFlicker ? (state.showsB ? b : a) : `${a}|${b}`;
  }

  function setMode(isFlicker) {
    state.isFlicker = isFlicker;
    element('swipe-mode').setAttribute('aria-pressed', String(!isFlicker));
    element('flicker-mode').setAttribute('aria-pressed', String(isFlicker));
    element('swipe').disabled = isFlicker;
    window.clearInterval(state.timer);
    if (isFlicker) {
      state.timer = window.setInterval(() => {
        state.showsB = !state.showsB;
        draw();
      }, FLICKER_MS);
    }
    draw();
  }

  function setSwipe(share) {
    state.swipe = Math.min(Math.max(share, 0), 1);
    element('swipe').value = String(Math.round(1000 * state.swipe));
    draw();
  }

  function step(id, by) {
    const range = element(id);
    range.value = String(Number(range.value) + by);
    range.dispatchEvent(new Event('input'));
  }

  function toggle(id) {
    const box = element(id);
    if (box === null) return;
    box.checked = !box.checked;
    draw();
  }

  function swap() {
    const [a, b] = [chosen('a'), chosen('b')];
    element('layer-a').value = b;
    element('layer-b').value = a;
    draw();
  }

  for (const id of ['layer-a', 'layer-b', 'edges', 'grid', 'labels', 'slice']) {
    element(id)?.addEventListener('input', draw);
  }
  element('swipe').addEventListener('input', ({target}) => setSwipe(Number(target.value) / 1000));
  element('swap').addEventListener('click', swap);
  element('swipe-mode').addEventListener('click', () => setMode(false));
  element('flicker-mode').addEventListener('click', () => setMode(true));
  const keys = {
    ArrowLeft: () => step('swipe', -25),
    ArrowRight: () => step('swipe', 25),
    ArrowUp: () => step('slice', 1),
    ArrowDown: () => step('slice', -1),
    f: () => setMode(true),
    s: () => setMode(false),
    x: swap,
    e: () => toggle('edges'),
    g: () => toggle('grid'),
    l: () => toggle('labels'),
  };
  document.addEventListener('keydown', (event) => {
    const takesKeys = event.target instanceof HTMLSelectElement || event.target.type === 'range';
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys)) return;
    if (takesKeys && event.key.startsWith('Arrow')) return;
    event.preventDefault();
    keys[event.key]();
  });
  for (const canvas of canvases) {
    const follow = ({offsetX, buttons}) => {
      if (buttons > 0 && !state.isFlicker) setSwipe(offsetX / canvas.clientWidth);
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      follow(event);
    });
    canvas.addEventListener('pointermove', follow);
  }
  // What the colours mean stands below the determinant's own slices, and here when it is compared.
  const scale = document.querySelector('.overview .scale');
  if (scale) element('scale').append(...scale.cloneNode(true).childNodes);
  // The edges of the fixed image on all slices of the others: one picture, shown many times.
  for (const {key} of layers) {
    if (key === 'fixed') continue;
    const edges = element('edges-fixed').cloneNode();
    edges.removeAttribute('id');
    element(`picture-${key}`).after(edges);
  }
  window.addEventListener('resize', draw);
  void Promise.all([...document.images].map((image) => image.decode().catch(() => undefined))).then(
    () => {
      document.body.dataset.ready = 'true';
      draw();
    },
  );
})();
