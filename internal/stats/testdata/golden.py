"""Reference figures for the Go tests, from statsmodels, scipy and numpy.

Run in this directory; writes golden.json:
    python3 -m venv venv && venv/bin/pip install numpy scipy statsmodels
    venv/bin/python golden.py > golden.json
What a library offers is taken from the library; the rest is written here with
numpy from the publication, apart from the Go code.
"""
import json
import sys

import numpy as np
import scipy
import statsmodels
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

SPARSE = [[1, 3, 0, 4], [0, 2, 1, 5], [2, 5, 1, 9], [0, 4, 0, 3], [1, 1, 1, 6], [0, 6, 2, 7], [3, 8, 1, 8]]
SETS = {
    "simpson": [[4, 200, 16, 800], [40, 400, 10, 100]],
    "large": [[120, 4000, 310, 16000], [45, 900, 60, 2100], [12, 300, 9, 350], [80, 2500, 75, 2400]],
    "sparse": SPARSE,
    "opposite": [[30, 500, 10, 500], [10, 400, 35, 450], [22, 300, 20, 310]],
}


def matrices(strata):
    return [np.array([[a, n1 - a], [b, n0 - b]], dtype=float) for a, n1, b, n0 in strata]


def wilson():
    out = []
    for k, n in [(0, 20), (1, 12), (3, 40), (12, 200), (20, 20), (7, 8), (4321, 1800000), (1, 1)]:
        lo, hi = proportion_confint(k, n, method="wilson")
        out.append({"events": k, "n": n, "lo": lo, "hi": hi})
    return out


def pairs():
    out = []
    for a, n1, b, n0 in [(44, 600, 26, 900), (3, 40, 1, 60), (12, 200, 30, 900), (1, 12, 5, 80), (400, 9000, 1100, 41000)]:
        lo, hi = confint_proportions_2indep(a, n1, b, n0, method="newcomb", compare="diff")
        t = Table2x2(np.array([[a, n1 - a], [b, n0 - b]]))
        rlo, rhi = t.riskratio_confint()
        out.append({"table": [a, n1, b, n0], "diff": a / n1 - b / n0, "diff_lo": lo, "diff_hi": hi,
                    "ratio": t.riskratio, "ratio_lo": rlo, "ratio_hi": rhi, "ratio_se": t.log_riskratio_se})
    return out


def pooled(strata):
    """Greenland and Robins 1985, equation 13, with arrays."""
    a, n1, b, n0 = np.array(strata, dtype=float).T
    n = n1 + n0
    r, s = (a * n0 / n).sum(), (b * n1 / n).sum()
    var = (((a + b) * n1 * n0 - a * b * n) / n**2).sum() / (r * s)
    return r / s, np.sqrt(var)


def stratified():
    out = []
    z = stats.norm.ppf(0.975)
    for name, strata in SETS.items():
        st = StratifiedTable(matrices(strata))
        ratio, se = pooled(strata)
        assert abs(ratio - st.riskratio_pooled) < 1e-12
        lo, hi = st.oddsratio_pooled_confint()
        row = {"name": name, "strata": strata, "ratio": st.riskratio_pooled, "ratio_se": se,
               "ratio_lo": ratio * np.exp(-z * se), "ratio_hi": ratio * np.exp(z * se),
               "odds": st.oddsratio_pooled, "odds_se": st.logodds_pooled_se, "odds_lo": lo, "odds_hi": hi}
        # With a pooled odds ratio of exactly one statsmodels divides by zero.
        if name not in ("sparse", "simpson"):
            test = st.test_equal_odds(adjust=True)
            row |= {"equal": test.statistic, "equal_p": test.pvalue, "equal_df": len(strata) - 1}
        out.append(row)
    return out


def exact(strata):
    strata = [s for s in strata if s[0] + s[2] > 0]
    exposed = sum(s[0] for s in strata)

    def dist(ratio):
        p = np.array([1.0])
        for a, n1, b, n0 in strata:
            m = a + b
            p = np.convolve(p, stats.binom.pmf(np.arange(m + 1), m, ratio * n1 / (ratio * n1 + n0)))
        return p

    def root(f):
        return float(np.exp(optimize.brentq(lambda x: f(np.exp(x)), np.log(1e-6), np.log(1e6), xtol=1e-14, rtol=1e-14)))

    upper = lambda r: dist(r)[exposed] / 2 + dist(r)[exposed + 1:].sum()
    lower = lambda r: dist(r)[exposed] / 2 + dist(r)[:exposed].sum()
    value = root(lambda r: (dist(r) * np.arange(len(dist(r)))).sum() - exposed)
    return {"strata": strata, "ratio": value, "lo": root(lambda r: upper(r) - 0.025), "hi": root(lambda r: lower(r) - 0.025)}


def control():
    events, sizes = np.array([3, 5, 2, 19, 0, 4]), np.array([100, 140, 90, 160, 20, 110])
    p = events.sum() / sizes.sum()
    half = 3 * np.sqrt(p * (1 - p) / sizes)
    uhalf = 3 * np.sqrt(p / sizes)
    return {"events": events.tolist(), "sizes": sizes.tolist(), "centre": p,
            "p_lo": np.maximum(0, p - half).tolist(), "p_hi": np.minimum(1, p + half).tolist(),
            "u_hi": (p + uhalf).tolist()}


def labels():
    """The corrected ratio by matrix inversion, its variance by numerical derivatives."""
    out = []
    for a, n1, b, n0, se, sp, m1, m0 in [(60, 900, 80, 2100, 0.6, 0.9, 0, 0), (60, 900, 80, 2100, 0.8, 0.95, 200, 300), (15, 300, 9, 500, 0.7, 0.98, 50, 60)]:
        events, calm = a + b, n1 - a + n0 - b

        def log_ratio(x):
            pe, pc, s, c = x
            confusion = np.array([[s, 1 - c], [1 - s, c]])
            fixed_events = np.linalg.solve(confusion, np.array([pe, 1 - pe]) * events)
            labelled = pe * events + pc * calm
            fixed_all = np.linalg.solve(confusion, np.array([labelled, events + calm - labelled]))
            risk = fixed_events / fixed_all
            return np.log(risk[0] / risk[1])

        at = np.array([a / events, (n1 - a) / calm, se, sp])
        var = [at[0] * (1 - at[0]) / events, at[1] * (1 - at[1]) / calm, se * (1 - se) / m1 if m1 else 0, sp * (1 - sp) / m0 if m0 else 0]
        grad = []
        for i in range(4):
            h = np.zeros(4)
            h[i] = 1e-4
            # Richardson extrapolation of central differences: error of order h^6.
            d = lambda k: (log_ratio(at + h / k) - log_ratio(at - h / k)) / (2e-4 / k)
            d1, d2, d4 = d(1), d(2), d(4)
            e1, e2 = (4 * d2 - d1) / 3, (4 * d4 - d2) / 3
            grad.append((16 * e2 - e1) / 15)
        out.append({"table": [a, n1, b, n0], "sensitivity": se, "specificity": sp, "audit_exposed": m1, "audit_unexposed": m0,
                    "ratio": float(np.exp(log_ratio(at))), "se": float(np.sqrt(np.dot(np.square(grad), var)))})
    return out


def looks():
    """The mixture confidence sequence by numerical integration of the mixture."""
    from scipy import integrate
    out = []
    tau = np.log(2)
    for ratio, se in [(2.0, 0.3), (1.2, 0.1), (0.5, 0.25)]:
        theta = np.log(ratio)

        def likelihood(null):
            f = lambda d: np.exp(-((theta - null - d) ** 2 - (theta - null) ** 2) / (2 * se**2)) * stats.norm.pdf(d, 0, tau)
            peak = (theta - null) * tau**2 / (tau**2 + se**2)
            return integrate.quad(f, peak - 12 * se, peak + 12 * se, epsabs=0, epsrel=1e-13, limit=500)[0]

        lo = optimize.brentq(lambda x: np.log(likelihood(x)) - np.log(20), theta - 12 * se, theta, xtol=1e-15)
        hi = optimize.brentq(lambda x: np.log(likelihood(x)) - np.log(20), theta, theta + 12 * se, xtol=1e-15)
        out.append({"ratio": ratio, "se": se, "lo": float(np.exp(lo)), "hi": float(np.exp(hi)), "p": min(1.0, 1 / likelihood(0.0))})
    return out


def needed():
    z = stats.norm.ppf
    out = []
    for p, ratio in [(0.05, 1.5), (0.05, 2), (0.05, 3), (0.02, 2), (0.1, 1.5)]:
        q = p * ratio
        m = (p + q) / 2
        n = (z(0.975) * np.sqrt(2 * m * (1 - m)) + z(0.8) * np.sqrt(p * (1 - p) + q * (1 - q))) ** 2 / (q - p) ** 2
        out.append({"base": p, "ratio": ratio, "n": int(np.ceil(n))})
    return out


def calibration():
    rng = np.random.default_rng(7)
    p = rng.uniform(size=200).round(6)
    y = (rng.uniform(size=200) < p**1.3).astype(int)
    bins = np.minimum((p * 10).astype(int), 9)
    ece = sum(abs(p[bins == i].mean() - y[bins == i].mean()) * (bins == i).mean() for i in range(10) if (bins == i).any())
    return {"p": p.tolist(), "y": y.tolist(), "brier": float(((p - y) ** 2).mean()), "ece": float(ece)}


json.dump({
    "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
    "wilson": wilson(), "pairs": pairs(), "stratified": stratified(),
    "exact": [exact(SPARSE), exact([[3, 40, 1, 60]]), exact([[5, 30, 2, 90], [1, 4, 0, 7]])],
    "control": control(), "labels": labels(), "looks": looks(), "needed": needed(), "calibration": calibration(),
}, sys.stdout, indent=1)
print()
