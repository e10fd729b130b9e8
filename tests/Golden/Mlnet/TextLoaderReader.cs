using System.Text.Json;
namespace Golden.Mlnet;
/// <summary>textloader.json.</summary>
internal sealed class TextLoaderReader : MlnetReader
{
    public override string? Body(JsonElement fixtureCase, JsonElement fixture) => null;
}
