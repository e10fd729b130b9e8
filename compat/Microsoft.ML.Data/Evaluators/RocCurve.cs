using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The area under the curve of true over false positive rates: the share of pairs whose positive row has the higher score, ties counted half.</summary>
internal sealed class RocCurve
{
    private readonly List<float> _positives = [];
    private readonly List<float> _negatives = [];

    public void Add(bool positive, float score) => (positive ? _positives : _negatives).Add(score);

    public double Area()
    {
        Contracts.CheckParam(_positives.Count > 0, "PosSample", "AUC is not defined when there is no positive class in the data");
        Contracts.CheckParam(_negatives.Count > 0, "NegSample", "AUC is not defined when there is no negative class in the data");
        _positives.Sort();
        _negatives.Sort();
        double pairs = 0;
        int below = 0, notAbove = 0;
        foreach (float score in _positives)
        {
            while (below < _negatives.Count && _negatives[below] < score)
                below++;
            while (notAbove < _negatives.Count && _negatives[notAbove] <= score)
                notAbove++;
            pairs += below + 0.5 * (notAbove - below);
        }
        return pairs / ((double)_positives.Count * _negatives.Count);
    }
}
