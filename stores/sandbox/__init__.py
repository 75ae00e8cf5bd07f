"""The marketplaces, simulated from their documented contracts. Product code never imports this.

Where to look:

- ``app`` sends a request to ``api`` (calls of the Open Platform), ``auth`` (consent and tokens) or
  ``control`` (the page that makes things go wrong; ``fields`` reads its forms, ``letters`` mails).
- ``gateway`` looks at every call first; ``calls`` is what a handler gets, ``paging`` its searches.
- One module an area answers: ``sellers orders packages cancellations returns products finance
  chats analytics webhooks``.
- ``lives``, ``catalog`` and ``chance`` make what is told, each a function of (seed, shop, now);
  ``shops`` says whose it is and ``buyers`` marks all that would be personal.
- ``state`` is all that is remembered: grants, incidents, webhooks, and events on their way, which
  ``pushes`` finds and sends.
"""
