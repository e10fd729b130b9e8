using System.Text.Json;
namespace Golden.Mlnet;
/// <summary>schema.json.</summary>
internal sealed class SchemaReader : MlnetReader
{
    public override string? Body(JsonElement fixtureCase, JsonElement fixture) => null;
}
