// All the mathematics that dragging embeddings needs: Eq. 2 for a handful of vectors, and its gradient.
// The one place in the book where JavaScript repeats Python (rfe_core.losses.embedding_loss with autograd);
// tests/book/test_pair_view.py compares the two. Put in front of a widget's own module.

const SHORTEST = 1e-8; // a shorter vector has no direction, as in rfe_core.distances
const EDGE = 16 * Number.EPSILON; // cosines this close to -1 and 1 count as -1 and 1

const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);
const norm = (a) => Math.sqrt(dot(a, a));
const add = (a, b, factor = 1) => a.map((value, at) => value + factor * b[at]);
const times = (a, factor) => a.map((value) => value * factor);

/** h / |h|, or zeros where |h| is nil. */
function unit(h) {
  const length = norm(h);
  return length > SHORTEST ? times(h, 1 / length) : times(h, 0);
}

/** Cosine of two vectors and its gradient by the first: (z_b - cos z_a) / |a|. */
function cosine(a, b) {
  const [za, zb] = [unit(a), unit(b)];
  const cos = dot(za, zb);
  const length = norm(a);
  return { cos, slope: length > SHORTEST ? times(add(zb, za, -cos), 1 / length) : times(a, 0) };
}

/** d(a, b) and its gradient by a; 0 at kinks, one of the subgradients there. */
const DISTANCE = {
  cosine(a, b) {
    const { cos, slope } = cosine(a, b);
    return { d: 1 - cos, slope: times(slope, -1) };
  },
  angular(a, b) {
    const { cos, slope } = cosine(a, b);
    if (cos > 1 - EDGE) return { d: 0, slope: times(slope, 0) };
    if (cos < -1 + EDGE) return { d: 1, slope: times(slope, 0) };
    return { d: Math.acos(cos) / Math.PI, slope: times(slope, -1 / (Math.PI * Math.sqrt(1 - cos * cos))) };
  },
  l2(a, b) {
    const apart = add(a, b, -1);
    const d = norm(apart);
    return { d, slope: times(apart, d > 0 ? 1 / d : 0) };
  },
  l2_squared(a, b) {
    const apart = add(a, b, -1);
    return { d: dot(apart, apart), slope: times(apart, 2) };
  },
};

/**
 * Eq. 2 over all ordered pairs, i = j included, with a_ij = 1 iff labels are equal.
 * Returns the n x n matrices `d` and `loss`, their `sum`, and the sum's gradient by each vector.
 */
function embeddingLoss(embeddings, labels, distance, margin) {
  const gradient = embeddings.map((h) => times(h, 0));
  const d = embeddings.map(() => []);
  const loss = embeddings.map(() => []);
  let sum = 0;
  embeddings.forEach((a, i) => embeddings.forEach((b, j) => {
    const pair = DISTANCE[distance](a, b);
    const same = labels[i] === labels[j];
    d[i][j] = pair.d;
    loss[i][j] = same ? pair.d : Math.max(0, margin - pair.d);
    sum += loss[i][j];
    if (i === j) return; // d(h, h) is constant
    const sign = same ? 1 : margin - pair.d >= 0 ? -1 : 0;
    gradient[i] = add(gradient[i], pair.slope, 2 * sign); // (i, j) and (j, i)
  }));
  return { d, loss, sum, gradient };
}
