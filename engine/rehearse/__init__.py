"""The reading `rehearse`: do the cases still hold, and would they notice a slip?"""
