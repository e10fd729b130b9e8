namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// A curve of any length in bounded memory. Neighbours share a bucket; when all buckets are taken, each two become one. A bucket keeps its first, its lowest, its highest and its last point, so that peaks survive. Values that are not finite are left out.
/// </summary>
/// <param name="buckets">How many buckets at most; even, at least 2.</param>
internal sealed class ThinnedCurve(int buckets = 512)
{
    private readonly Bucket[] _buckets = new Bucket[buckets];
    private long _each = 1;
    private int _used;

    /// <summary>Adds a point to the right of all others.</summary>
    public void Add(double x, double y)
    {
        if (!double.IsFinite(y)) return;
        if (_used == _buckets.Length && _buckets[^1].Count == _each) Halve();
        if (_used == 0 || _buckets[_used - 1].Count == _each) _buckets[_used++] = new Bucket((x, y));
        else _buckets[_used - 1] = _buckets[_used - 1].With(new Bucket((x, y)));
    }

    /// <summary>What is left of the curve, from left to right: at most four points a bucket.</summary>
    public (double[] X, double[] Y) Points()
    {
        List<(double X, double Y)> points = [];
        foreach (Bucket bucket in _buckets.AsSpan(0, _used))
        {
            (double X, double Y) one = bucket.Lowest, other = bucket.Highest;
            if (one.X > other.X) (one, other) = (other, one);
            foreach ((double X, double Y) point in (ReadOnlySpan<(double, double)>)[bucket.First, one, other, bucket.Last])
                if (points.Count == 0 || point.X > points[^1].X) points.Add(point);
        }
        return ([.. points.Select(point => point.X)], [.. points.Select(point => point.Y)]);
    }

    private void Halve()
    {
        for (int i = 0; i < _buckets.Length / 2; i++) _buckets[i] = _buckets[2 * i].With(_buckets[(2 * i) + 1]);
        _used = _buckets.Length / 2;
        _each *= 2;
    }

    private readonly record struct Bucket((double X, double Y) First, (double X, double Y) Lowest, (double X, double Y) Highest, (double X, double Y) Last, long Count)
    {
        public Bucket((double X, double Y) point) : this(point, point, point, point, 1)
        {
        }

        public Bucket With(Bucket next) =>
            new(First, next.Lowest.Y < Lowest.Y ? next.Lowest : Lowest, next.Highest.Y > Highest.Y ? next.Highest : Highest, next.Last, Count + next.Count);
    }
}
