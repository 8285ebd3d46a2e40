/** The limits of an account, in the order in which a falling balance meets them. */
export const LIMITS = ['alarm1_fen', 'alarm2_fen', 'overdraft_fen', 'allow_close_fen', 'hoarding_fen'] as const
