// Names and signatures of Microsoft.ML.Data 5.0.0 that the doors use. Bodies never run: the genuine assembly takes this one's place.
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data
{
    public interface IInternalCatalog
    {
        IHostEnvironment Environment { get; }
    }
}
