//! Endpoints, described by their types.

use super::{Answers, Asks, Operation};

/// An asynchronous function whose arguments and answer describe themselves. `T` is axum's word for the arguments.
pub(crate) trait Described<T> {
    /// Describes all of them.
    fn describe(operation: &mut Operation<'_>);
}

impl<F, Fut, Answer> Described<((),)> for F
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Answer>,
    Answer: Answers,
{
    fn describe(operation: &mut Operation<'_>) {
        Answer::describe(operation);
    }
}

macro_rules! described {
    ($($argument:ident)+) => {
        impl<F, Fut, Answer, M, $($argument,)+> Described<(M, $($argument,)+)> for F
        where
            F: FnOnce($($argument,)+) -> Fut,
            Fut: Future<Output = Answer>,
            Answer: Answers,
            $($argument: Asks,)+
        {
            fn describe(operation: &mut Operation<'_>) {
                $($argument::describe(operation);)+
                Answer::describe(operation);
            }
        }
    };
}

described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
