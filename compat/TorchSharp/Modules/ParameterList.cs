using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A list of parameters, named by their place.</summary>
    public class ParameterList : nn.Module, IList<Parameter>
    {
        private readonly List<Parameter> _items = [];
        private bool _registered;

        public ParameterList(params Parameter[] parameters) : base(nameof(ParameterList)) => _items.AddRange(parameters);

        protected override void RegisterComponents()
        {
            if (_registered) return;
            for (var i = 0; i < _items.Count; i++) register_parameter($"{i}", _items[i]);
            _registered = true;
        }

        public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) => _items.Select((p, i) => ($"{i}", p));
        public override bool has_parameter(string target) => get_parameter(target) is not null;
        public override Parameter? get_parameter(string target) => int.TryParse(target, out var i) && i >= 0 && i < _items.Count ? _items[i] : null;

        protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
        {
            for (var i = 0; i < _items.Count; i++)
            {
                if (!ReplaceParameter(dtype, device, _items[i], out var replacement)) continue;
                _items[i].Dispose();
                _items[i] = replacement!;
            }
            if (device is not null) (_deviceType, _deviceIndex) = (device.type, device.index);
        }

        public Parameter this[int index] { get => _items[index]; set => _items[index] = value; }
        public int Count => _items.Count;
        public bool IsReadOnly => false;
        public void Add(Parameter item) => _items.Add(item);
        public void append(params Parameter[] parameters) => _items.AddRange(parameters);
        public void extend(IEnumerable<Parameter> parameters) => _items.AddRange(parameters);
        public void Insert(int index, Parameter item) => _items.Insert(index, item);
        public bool Remove(Parameter item) => _items.Remove(item);
        public void RemoveAt(int index) => _items.RemoveAt(index);
        public void Clear() => _items.Clear();
        public bool Contains(Parameter item) => _items.Contains(item);
        public int IndexOf(Parameter item) => _items.IndexOf(item);
        public void CopyTo(Parameter[] array, int arrayIndex) => _items.CopyTo(array, arrayIndex);
        public IEnumerator<Parameter> GetEnumerator() => _items.GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.ParameterList ParameterList(params Modules.Parameter[] parameters) => new(parameters);
        }
    }
}
