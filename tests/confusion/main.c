#include "../confusion_trial.h"
#include "core/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static int same(const struct bp_hypothesis*a,const struct bp_hypothesis*b){return a->fault==b->fault&&a->layer==b->layer&&a->neuron==b->neuron;}
int main(int argc,char**argv){
  int T=argc>1?atoi(argv[1]):2; int single=argc>2?atoi(argv[2]):0; uint64_t seed=argc>3?(uint64_t)atoi(argv[3]):1;
  size_t nt; const struct bp_fault_table*const*tab=bp_fault_tables(&nt);
  int cases=0,first=0,top3=0,incl=0,unex=0,mis=0,uniq=0,ufirst=0; double t0=(double)clock();
  for(size_t a=0;a<nt;a++)for(size_t b=0;b<tab[a]->n;b++){const struct bp_fault*f=&tab[a]->fault[b];
    if(f->kind!=BP_KIND_GRADIENT)continue; if(!strcmp(f->name,"gradient-not-finite"))continue;
    int got=0,ff=0,ii=0;
    for(int tries=0;tries<T*40&&got<T;tries++){
      struct trial t; struct trial_wish w={.scale=1,.single=single,.masked=strstr(f->name,"dropout")||strstr(f->name,"mask")};
      trial_open(&t,seed*1000003+(uint64_t)tries*7919+a*131+b*17,&w);
      struct bp_hypothesis*list;size_t n; if(bp_fault_hypotheses(&t.setting,true,&list,&n))abort();
      size_t c=0;for(size_t i=0;i<n;i++)c+=list[i].fault==f;
      if(c){size_t pick=bp_rng_below(&t.rng,c);const struct bp_hypothesis*h=0;for(size_t i=0;i<n;i++)if(list[i].fault==f&&pick--==0){h=&list[i];break;}
        struct bp_hypothesis hh=*h; if(f->solved)hh.factor=bp_rng_uniform(&t.rng,0.003,0.4);
        trial_plant(&t,&hh);trial_ask(&t);
        if(trial_shows(&t)){got++;cases++;
          struct bp_diagnosis d;trial_diagnose(&t,&d);
          const struct bp_dictionary*D=&d.dictionary;int in=0,pos=-1;
          for(size_t i=0;i<D->n;i++)if(same(&D->match[i].h,&hh)){in=1;if(pos<0)pos=(int)i;}
          incl+=in;ii+=in; if(pos==0){first++;ff++;} if(pos>=0&&pos<3)top3++;
          if(D->n==1||(D->n&&in&&0)){uniq++;ufirst+=pos==0;}
          if(D->n==0)unex++; else if(pos!=0)mis++;
          if(pos!=0){char k1[200],k2[200]="-";bp_fault_key(&hh,k1,200);if(D->n)bp_fault_key(&D->match[0].h,k2,200);char sp[512];bp_spec_text(&t.net.spec,sp,512);
            fprintf(stderr,"  %s -> %s (class %zu, in %d, right %.2g next %.2g) %s N %zu peeled %d\n",k1,k2,D->n,in,D->right,D->has_next?D->next.distance:-1,sp,t.probe[3].n,d.peeled);}
          bp_diagnosis_release(&d);} }
      bp_mem_free(list);trial_close(&t);
    }
    printf("%-40s cases %d first %d in %d\n",f->name,got,ff,ii);
  }
  printf("cases %d first %.4f top3 %.4f in %.4f unexplained %d misnamed %d unique %d first %d  time %.1f\n",cases,first/(double)cases,top3/(double)cases,incl/(double)cases,unex,mis,uniq,ufirst,((double)clock()-t0)/CLOCKS_PER_SEC);
}
