using TorchSharp.Native;

namespace TorchSharp;

// Products of vectors and matrices.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor matmul(Tensor target) => Ops.Matmul.Call(this, SameType(target));
        public Tensor mm(Tensor target) => Ops.Mm.Call(this, SameType(target));
        public Tensor bmm(Tensor batch2) => Ops.Bmm.Call(this, batch2);
        public Tensor mv(Tensor target) => Ops.Mv.Call(this, target);
        public Tensor dot(Tensor target) => Ops.Dot.Call(this, target);
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => Ops.Addmm.Call(this, mat1, mat2, beta, alpha);
        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => Ops.Addmm_.InPlace(this, this, mat1, mat2, beta, alpha);
        public Tensor addmv(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) => Ops.Addmv.Call(this, mat, vec, beta, alpha);
        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) => Ops.Baddbmm.Call(batch2, this, batch1, beta, alpha);
        public Tensor outer(Tensor vec2) => Ops.Outer.Call(this, vec2);
        public Tensor trace() => Ops.Trace.Call(this);
        public Tensor det() => Ops.Det.Call(this);
        public Tensor inverse() => Ops.Inverse.Call(this);
        public Tensor kron(Tensor other) => Ops.Kron.Call(this, other);

        // Said here, so that every libtorch says the same.
        private Tensor SameType(Tensor other) => other.dtype == dtype ? other : throw new System.Runtime.InteropServices.ExternalException(
            $"expected m1 and m2 to have the same dtype, but got: {dtype} != {other.dtype}");
    }

    public static Tensor matmul(Tensor input, Tensor target) => input.matmul(target);
    public static Tensor mm(Tensor input, Tensor target) => input.mm(target);
    public static Tensor bmm(Tensor input, Tensor batch2) => input.bmm(batch2);
    public static Tensor mv(Tensor input, Tensor target) => input.mv(target);
    public static Tensor dot(Tensor input, Tensor other) => input.dot(other);
    public static Tensor addmm(Tensor input, Tensor mat1, Tensor mat2, float beta, float alpha) => input.addmm(mat1, mat2, beta, alpha);
    public static Tensor addmm_(Tensor input, Tensor mat1, Tensor mat2, float beta, float alpha) => input.addmm_(mat1, mat2, beta, alpha);
    public static Tensor addmv(Tensor input, Tensor mat1, Tensor mat2, float beta, float alpha) => input.addmv(mat1, mat2, beta, alpha);
    public static Tensor baddbmm(Tensor input, Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) => Ops.Baddbmm.Call(input, batch1, batch2, beta, alpha);
    public static Tensor outer(Tensor input, Tensor vec2) => input.outer(vec2);
    public static Tensor trace(Tensor input) => input.trace();
    public static Tensor det(Tensor input) => input.det();
    public static Tensor inverse(Tensor input) => input.inverse();
    public static Tensor kron(Tensor input, Tensor other) => input.kron(other);
}
