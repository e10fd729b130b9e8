using System.Globalization;

namespace Golden.ChatTemplates;

/// <summary>A clock that stands at the moment of the fixtures.</summary>
internal sealed class FixtureClock(DateTimeOffset moment) : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public static FixtureClock Of(string moment) => new(DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));

    public override DateTimeOffset GetUtcNow() => moment;
}
